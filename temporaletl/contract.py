"""What crosses a boundary: between the two workflows, and between the engine and a source.

Everything that Temporal stores is a frozen model here; it holds references, counts and cursors, never
records. Documents and pages stay inside one activity.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

from temporaletl.wording import matching

QUEUER_QUEUE = "etl-queuer-queue"
WORKER_QUEUE = "etl-worker-queue"
QUEUER_FLOW = "QueuerFlow"
ETL_FLOW = "ETLFlow"

BEGINNING = date(1970, 1, 1)
"""As a window's start: from the first document on."""

OVERLAP = timedelta(days=8)
"""How long before its nominal time, and before what is covered, an ordinary run begins: a lake may lag."""

MAX_NAMED_DOCUMENTS = 200
"""How many documents one job may name by id."""

SOURCE_KIND_ID = r"^[a-z][a-z0-9_-]{0,39}$"

type SourceKindId = Annotated[
    str,
    matching(SOURCE_KIND_ID, "must be the name of a source such as jira: small letters, digits, - and _"),
]


class Model(BaseModel):
    """A frozen value that hides its input in errors, so that no record reaches a history."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Window(Model):
    """Half-open [date_start, date_end), UTC days, on a document's last change."""

    date_start: date
    date_end: date

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.date_end <= self.date_start:
            raise ValueError("date_end must be after date_start")
        return self

    @property
    def start(self) -> datetime:
        """The first moment inside."""
        return datetime(self.date_start.year, self.date_start.month, self.date_start.day, tzinfo=UTC)

    @property
    def since(self) -> datetime | None:
        """The first moment inside; None where that is from the first change on."""
        return None if self.date_start <= BEGINNING else self.start

    @property
    def end(self) -> datetime:
        """The first moment after."""
        return datetime(self.date_end.year, self.date_end.month, self.date_end.day, tzinfo=UTC)


class QueuerInput(Model):
    """What a QueuerFlow is asked: one source, and a window where it is not the usual one."""

    source_kind_id: SourceKindId
    date_start: date | None = None
    date_end: date | None = None


_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def _refuse_unstorable[V: JsonValue | dict[str, JsonValue]](value: V) -> V:
    """The same value. Raises ValueError where a text in it is none that PostgreSQL and UTF-8 can hold."""
    left: list[JsonValue] = [value]
    while left:
        part = left.pop()
        if isinstance(part, str) and _UNSTORABLE.search(part):
            raise ValueError("holds a NUL or half of a character (a lone surrogate): no id or text can")
        if isinstance(part, dict):
            left += [*part, *part.values()]
        elif isinstance(part, list):
            left += part
    return value


class ETLInput(Model):
    """One job: a slice of a source's backlog. *args* are those of the source's Query."""

    job_id: Annotated[str, AfterValidator(_refuse_unstorable)]
    query_type: Annotated[str, AfterValidator(_refuse_unstorable)]
    args: Annotated[dict[str, JsonValue], AfterValidator(_refuse_unstorable)]

    @property
    def source_kind_id(self) -> str:
        """The instance it is about, as its arguments say; '' where they name none that could be."""
        named = self.args.get("source_kind_id")
        return named if isinstance(named, str) and re.fullmatch(SOURCE_KIND_ID, named) else ""


@dataclass(frozen=True, slots=True)
class Document:
    """One upstream document, complete, as the system returned it.

    *id* is ``<event_type>:<upstream id>``, unique within the source. *updated* is its last change
    (aware), None where the upstream does not tell. *deleted*: the upstream says that it is gone (to be
    absent says nothing): its events are retired, and *body* does not matter.
    """

    id: str
    updated: datetime | None
    body: JsonValue
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class DocumentReject:
    """A document that cannot be had complete: its rows and its ledger entry stay as they are."""

    document_id: str | None
    reason: str
    fragment: JsonValue = None


@dataclass(frozen=True, slots=True)
class Page:
    """Documents of one upstream page, and the cursor (small JSON) that resumes after it.

    *skipped* counts what could not be had and is nobody's fault (private, deleted, out of our sight) by
    reason, a short text that is always the same.
    """

    documents: tuple[Document, ...]
    cursor: JsonValue
    rejects: tuple[DocumentReject, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)


def plugin_of(source_kind_id: str) -> str:
    """The plug-in that serves an instance. Today each plug-in has one instance of its own name."""
    return source_kind_id


def events_table(source_kind_id: str) -> str:
    """The warehouse table of an instance's events."""
    return f"{source_kind_id}_events"


def extract_queue(worker_queue: str, source_kind_id: str) -> str:
    """The task queue that one instance's extractions run on."""
    prefix = "" if worker_queue == WORKER_QUEUE else f"{worker_queue}-"
    return f"{prefix}etl-extract-{source_kind_id}"


def make_job(query_type: str, args: Mapping[str, JsonValue]) -> ETLInput:
    """The job for *args*, which name source_kind_id, event_type, date_start and date_end.

    Its id is ``<source>-<event_type>-<date_start>-<date_end>-<hash of args>``: the same work has the
    same id, whoever asks for it.
    """
    plain = dict(args)
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()[:10]
    names = (plain["source_kind_id"], plain["event_type"], plain["date_start"], plain["date_end"])
    return ETLInput(job_id="-".join([*map(str, names), digest]), query_type=query_type, args=plain)


def make_document_jobs(
    query_type: str, args: Mapping[str, JsonValue], upstream_ids: Iterable[str]
) -> list[ETLInput]:
    """Jobs that name documents by upstream id, at most MAX_NAMED_DOCUMENTS each."""
    ids = sorted(set(upstream_ids))
    return [
        make_job(query_type, {**args, "ids": list(ids[at : at + MAX_NAMED_DOCUMENTS])})
        for at in range(0, len(ids), MAX_NAMED_DOCUMENTS)
    ]


class Activities:
    """The names that activities are registered under, on both processes."""

    GET_METADATA = "get_metadata"
    EXTRACT_PARAMETERS = "extract_parameters"
    OPEN_RUN = "open_run"
    CLOSE_RUN = "close_run"
    REFUSE_RUN = "refuse_run"
    NOTE_WALK = "note_walk"
    NOTE_UNFINISHED = "note_unfinished"
    EXTRACT_DATA = "extract_data"
    TRANSFORM_DATA = "transform_data"
    LOAD_DATA = "load_data"
    WRITE_SUMMARY = "write_summary"


class Counts(Model):
    """What loads did, in events but for *documents*.

    items_processed = items_inserted + items_updated + items_unchanged + items_duplicates + items_stale;
    retired (rows whose event is gone upstream) and rejects are apart, and so is *unavailable*: the
    documents that extraction could not have, by reason. rejected are new, rejected_again those that
    were seen before, and whose document was not read well since.
    """

    documents: int = 0
    items_extracted: int = 0
    items_processed: int = 0
    items_inserted: int = 0
    items_updated: int = 0
    items_unchanged: int = 0
    items_duplicates: int = 0
    items_stale: int = 0
    retired: int = 0
    rejected: int = 0
    rejected_again: int = 0
    unavailable: dict[str, int] = Field(default_factory=dict)

    def __add__(self, other: "Counts") -> "Counts":
        mine, theirs = self.model_dump(), other.model_dump()
        unavailable = Counter(mine.pop("unavailable"))
        unavailable.update(theirs.pop("unavailable"))
        return Counts(**{name: mine[name] + theirs[name] for name in mine}, unavailable=dict(unavailable))


def describe_counts(counts: Counts) -> str:
    """*counts* as people read them: how many documents and events, and what became of the events.

    What happened to none is left out: ``25 documents, 75 events: 75 inserted; 1 rejected``.
    """
    ways = _name_numbers(
        inserted=counts.items_inserted,
        updated=counts.items_updated,
        unchanged=counts.items_unchanged,
        duplicates=counts.items_duplicates,
        stale=counts.items_stale,
    )
    apart = _name_numbers(
        retired=counts.retired, rejected=counts.rejected, rejected_again=counts.rejected_again
    )
    told = f"{counts.documents} documents, {counts.items_processed} events"
    return "; ".join(filter(None, (f"{told}: {ways}" if ways else told, apart)))


def _name_numbers(**numbers: int) -> str:
    return ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in numbers.items() if number)


class ETLSummary(Counts):
    """The result of one ETLFlow."""

    job_id: str
    run: int
    version: str
    specific_version: str
    chunks_processed: int
    batch_size: int


class JobsPage(Model):
    """A page of jobs (at most 64 KB) and the cursor of the next one; None after the last."""

    jobs: tuple[ETLInput, ...] = ()
    cursor: JsonValue = None
    notes: dict[str, int] = Field(default_factory=dict)


class OpenRun(Model):
    """Asks the warehouse to register a QueuerFlow run, and for the work that earlier runs left."""

    source_kind_id: SourceKindId
    workflow_id: str
    workflow_run_id: str
    nominal: datetime
    date_start: date | None = None
    date_end: date | None = None
    cursor: JsonValue = None


class RefusedRun(OpenRun):
    """A run that failed before it was opened, and why. *has_window*: its dates could be read."""

    error: str
    has_window: bool = True


class Walk(Model):
    """One way through the backlog of a window, which a later run goes on with where this one cannot.

    *id* is the number of the run that it was made for, 0 where it is not kept. What the backlog has before
    *cursor* is done, or remembered job by job.
    """

    id: int
    window: Window
    cursor: JsonValue = None


class OpenedRun(Model):
    """A registered run: its number, window, and a page of leftover jobs.

    *opened_at* is the warehouse's clock. *exhausted* is the number of jobs and walks that failed too often
    to be tried again. *walks* are those that earlier runs did not finish, then the run's own.
    """

    run: int
    opened_at: datetime
    window: Window
    leftover: JobsPage
    exhausted: int = 0
    walks: tuple[Walk, ...] = ()


class WalkNote(Model):
    """How far run *run* came on a walk: it is *done*, goes on, or could not go on for an *error*."""

    source_kind_id: SourceKindId
    run: int
    walk: Walk
    done: bool = False
    error: str | None = None


class CloseRun(Model):
    """How a QueuerFlow run ended. *covered_until* moves the watermark, None leaves it.

    *walked*: its own window was walked to the end. Else *walk* is the one that it was on, with its cursor.
    *counts_attempts* is False where no job went well: what failed them all is no fault of a job.
    """

    source_kind_id: SourceKindId
    run: int
    status: str
    counts: dict[str, int | dict[str, int]]
    covered_until: datetime | None = None
    error: str | None = None
    counts_attempts: bool = True
    walked: bool = False
    walk: Walk | None = None


class Unfinished(Model):
    """A job to be asked for again by a run after *run*. A skipped one counts no attempt.

    *ended_run* is the workflow run id of a job that has ended, which its own last words may not have told.
    """

    source_kind_id: SourceKindId
    run: int
    job: ETLInput
    error: str
    counts_as_attempt: bool = True
    ended_run: str | None = None
