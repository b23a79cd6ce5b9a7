"""What a process finds at its start, as data: the log prints it, and a command may show it as a table."""

from dataclasses import dataclass

from structlog.typing import FilteringBoundLogger


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that somebody should look at, though the process can start.

    Attributes:
        setting: the environment variable it is about; None where it is about something else.
        finding: what was seen, as one sentence. It never quotes a secret.
        remedy: what to do about it, as one sentence.
    """

    setting: str | None
    finding: str
    remedy: str


def log_finding(log: FilteringBoundLogger, finding: Finding) -> None:
    """Print *finding* as one warning."""
    log.warning(finding.finding, setting=finding.setting, remedy=finding.remedy)
