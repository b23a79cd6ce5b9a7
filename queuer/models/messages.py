"""What a QueuerFlow and its activities tell each other, and what it answers."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from temporaletl.addresses import bound_text
from temporaletl.contract import Counts, Model, SourceKindId, Walk, Window

MAX_FAILED_NAMES = 20
MAX_REASONS = 5
MAX_REASON_CHARS = 300

JOBS_FAILED = "JobsFailedError"
"""The type of the failure of a run all of whose jobs failed; it carries the run's result."""

type RunStatus = Literal["completed", "completed_with_failures", "failed"]
"""How the jobs of a run went: all well, some failed, none went well and some failed."""

type Phase = Literal["leftover", "backlog"]
"""Jobs that earlier runs left come first, then the backlog."""


class QueuerMetadata(Model):
    """Every setting that the flow needs. *refusal*: why the source cannot be run, None where it can."""

    source_kind_id: SourceKindId
    worker_queue: str
    max_children: int
    refusal: str | None = None


class BacklogQuestion(Model):
    """Asks for one page of a source's backlog."""

    source_kind_id: SourceKindId
    window: Window
    cursor: JsonValue = None


class Tally(Model):
    """How the jobs of a run went, and what their loads did; of failed ones the first names and reasons."""

    queued: int = 0
    succeeded: int = 0
    failed: int = 0
    skipped: int = 0
    failed_names: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    notes: dict[str, int] = Field(default_factory=dict)
    events: Counts = Counts()

    def counting(self, **more: int) -> "Tally":
        """One more job of each kind named."""
        return self.model_copy(update={name: getattr(self, name) + number for name, number in more.items()})

    def with_events(self, counts: Counts) -> "Tally":
        """The loads of one more job."""
        added = Counts.model_validate({name: getattr(counts, name) for name in Counts.model_fields})
        return self.model_copy(update={"events": self.events + added})

    def with_failed(self, name: str, reason: str) -> "Tally":
        """One more failed job, by name and by a reason that is not there yet, while there is room."""
        short = bound_text(reason, MAX_REASON_CHARS)
        reasons = self.reasons if short in self.reasons else (*self.reasons, short)
        names = (*self.failed_names, name)
        kept = {"failed_names": names[:MAX_FAILED_NAMES], "reasons": reasons[:MAX_REASONS]}
        return self.counting(failed=1).model_copy(update=kept)

    @property
    def status(self) -> RunStatus:
        """How a run that walked its whole backlog ended."""
        if not self.failed:
            return "completed"
        return "completed_with_failures" if self.succeeded else "failed"

    def describe_failures(self) -> str | None:
        """Why jobs failed and which, in one line; None where none did."""
        if not self.failed:
            return None
        names = ", ".join(self.failed_names)
        more = ", …" if self.failed > len(self.failed_names) else ""
        return f"{self.failed} of {self.queued} jobs failed: {'; '.join(self.reasons)} ({names}{more})"

    def with_notes(self, notes: Mapping[str, int]) -> "Tally":
        """What a page of the backlog saw and could not ask for, added by reason."""
        total = Counter(self.notes)
        total.update(notes)
        return self.model_copy(update={"notes": dict(total)})


class QueuerResult(Model):
    """The result of a QueuerFlow, and its answer to the query ``progress``."""

    source_kind_id: SourceKindId
    run: int
    window: Window
    exhausted: int
    tally: Tally
    status: RunStatus = "completed"


class QueuerState(Model):
    """What continue-as-new carries. Nothing is in flight when it is written.

    *walks* are those that are not finished; on the first of them, *cursor* stands in the phase "backlog".
    """

    metadata: QueuerMetadata
    run: int
    opened_at: datetime
    nominal: datetime
    window: Window
    exhausted: int
    phase: Phase
    cursor: JsonValue
    tally: Tally
    leftover: tuple[str, ...] = ()
    walks: tuple[Walk, ...] = ()
