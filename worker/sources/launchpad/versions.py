"""Which version of query and transform wrote a Launchpad row?"""

VERSION = "2"
SPECIFIC_VERSION = "2.1.0"
