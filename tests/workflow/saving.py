"""What of a history is worth keeping? Everything but who ran it, and where."""

import json
from pathlib import Path
from typing import Any

HISTORIES = Path(__file__).parents[1] / "data" / "histories"

_WHO = {"identity", "workerIdentity", "buildId", "binaryChecksum"}


def scrub_history(value: Any) -> Any:
    """*value* without identities and the names of sticky queues, which hold a host's name."""
    if isinstance(value, list):
        return [scrub_history(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("kind") == "TASK_QUEUE_KIND_STICKY":
        value = {**value, "name": "sticky"}
    return {key: "worker" if key in _WHO else scrub_history(item) for key, item in value.items()}


def write_history(name: str, history: dict[str, Any]) -> None:
    """Keep *history* under *name*, an event a line."""
    lines = (json.dumps(event, separators=(",", ":")) for event in scrub_history(history)["events"])
    HISTORIES.mkdir(exist_ok=True)
    (HISTORIES / f"{name}.json").write_text('{"events": [\n' + ",\n".join(lines) + "\n]}\n")
