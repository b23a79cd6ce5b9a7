"""What a process finds at its start, as data: the log prints it, and a command may show it as a table."""

from collections.abc import Iterable, Iterator
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


class Findings:
    """All that one process finds at its start, in order; each is printed as it is added."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        self._log = log
        self._found: list[Finding] = []

    def add(self, findings: Iterable[Finding]) -> None:
        """Keep and print *findings*."""
        for finding in findings:
            self._found.append(finding)
            log_finding(self._log, finding)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._found)
