"""The sandbox's Jira: the world's issues over the REST interface of Jira Cloud or of a Data Center."""
