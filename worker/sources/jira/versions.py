"""Which version of query and transform wrote a Jira row?"""

VERSION = "2"
SPECIFIC_VERSION = "2.1.0"
