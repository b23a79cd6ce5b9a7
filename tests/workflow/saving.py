"""What of a history is worth keeping? Everything but who ran it, and where."""

from pathlib import Path
from typing import Any

HISTORIES = Path(__file__).parents[1] / "data" / "histories"

_WHO = {"identity", "workerIdentity", "buildId", "binaryChecksum", "sdkName", "sdkVersion"}


def scrub_history(value: Any) -> Any:
    """*value* without identities and the names of sticky queues, which hold a host's name."""
    if isinstance(value, list):
        return [scrub_history(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("kind") == "TASK_QUEUE_KIND_STICKY":
        value = {**value, "name": "sticky"}
    return {key: "worker" if key in _WHO else scrub_history(item) for key, item in value.items()}
