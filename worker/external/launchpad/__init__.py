"""How Launchpad is asked: its real client library over connections that are paced, bounded and closeable."""
