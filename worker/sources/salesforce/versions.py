"""Which version of query and transform wrote a Salesforce row?"""

VERSION = "2"
SPECIFIC_VERSION = "2.0.0"
