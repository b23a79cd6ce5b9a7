"""How do we ask Jira? Settings, a paced and interruptible client, searches that can be resumed, users."""
