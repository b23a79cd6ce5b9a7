"""Stand-ins for the activities of both flows: an invented job and backlog that note what they were asked."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from pydantic import JsonValue
from temporalio import activity

from queuer.models.messages import BacklogQuestion, QueuerMetadata
from temporaletl.contract import (
    Activities,
    CloseRun,
    Counts,
    ETLInput,
    JobsPage,
    OpenedRun,
    OpenRun,
    QueuerInput,
    RefusedRun,
    Unfinished,
    Walk,
    WalkNote,
    Window,
    make_job,
)
from worker.models.messages import (
    BlockRequest,
    ExtractRequest,
    JobMetadata,
    ShapedBatch,
    StagedBatch,
    WriteSummary,
)

RUN = 7
OPENED_AT = datetime(2025, 9, 10, 12, 0, tzinfo=UTC)
WINDOW = Window(date_start=date(2025, 9, 1), date_end=date(2025, 9, 11))
DOCUMENTS = 10
EVENTS = 30

type Hook = Callable[[str, int], Awaitable[None]]
"""Called with the job's id and the batch's number before the activity answers; it may wait or raise."""


def invent_job(source: str, number: int = 0) -> ETLInput:
    """The job with that number of a source."""
    args: dict[str, JsonValue] = {
        "source_kind_id": source,
        "event_type": "issues",
        "date_start": WINDOW.date_start.isoformat(),
        "date_end": WINDOW.date_end.isoformat(),
        "after": None if number == 0 else f"{number:05}",
    }
    return make_job(source, args)


@dataclass
class JobParts:
    """The activities of an ETLFlow, over jobs of *batches* batches each; those in *empty* stage nothing."""

    queue: str
    source: str
    batches: int = 0
    max_concurrent_chunks: int = 3
    empty: frozenset[int] = frozenset()
    hooks: dict[str, Hook] = field(default_factory=dict)
    asked: list[tuple[str, str, int]] = field(default_factory=list)
    ended: list[tuple[str, str, int]] = field(default_factory=list)
    summaries: list[WriteSummary] = field(default_factory=list)
    cursors: list[JsonValue] = field(default_factory=list)
    _staged: Counter[tuple[str, int]] = field(default_factory=Counter)

    def activities(self) -> Sequence[Callable[..., Any]]:
        """Everything an ETLFlow asks for."""
        return [self.get_metadata, self.extract, self.transform, self.load, self.write_summary]

    def batches_of(self, name: str) -> list[int]:
        """The numbers of the batches that an activity ended for, in order."""
        return [batch for activity_name, _, batch in self.ended if activity_name == name]

    async def _pass(self, name: str, job_id: str, batch: int) -> None:
        self.asked.append((name, job_id, batch))
        if name in self.hooks:
            await self.hooks[name](job_id, batch)
        self.ended.append((name, job_id, batch))

    @activity.defn(name=Activities.GET_METADATA)
    async def get_metadata(self, job: ETLInput) -> JobMetadata:
        await self._pass(Activities.GET_METADATA, job.job_id, 0)
        return JobMetadata(
            run=RUN,
            source_kind_id=self.source,
            event_type="issues",
            extract_queue=self.queue,
            version="1",
            specific_version="1.2",
            batch_size=DOCUMENTS,
            max_concurrent_chunks=self.max_concurrent_chunks,
        )

    @activity.defn(name=Activities.EXTRACT_DATA)
    async def extract(self, request: ExtractRequest) -> StagedBatch:
        at = request.cursor if isinstance(request.cursor, int) else 0
        self.cursors.append(request.cursor)
        await self._pass(Activities.EXTRACT_DATA, request.job.job_id, request.batch_no)
        self._staged[request.job.job_id, at] += 1
        block = f"{at}.{self._staged[request.job.job_id, at]}"
        holds = at < self.batches and at not in self.empty
        return StagedBatch(
            block_id=block if holds else None,
            cursor=at + 1,
            done=at + 1 >= self.batches,
            documents=DOCUMENTS if holds else 0,
        )

    @activity.defn(name=Activities.TRANSFORM_DATA)
    async def transform(self, request: BlockRequest) -> ShapedBatch:
        await self._pass(Activities.TRANSFORM_DATA, request.job.job_id, _batch_of(request))
        return ShapedBatch(events=EVENTS, rejected=0)

    @activity.defn(name=Activities.LOAD_DATA)
    async def load(self, request: BlockRequest) -> Counts:
        await self._pass(Activities.LOAD_DATA, request.job.job_id, _batch_of(request))
        return Counts(
            documents=DOCUMENTS, items_extracted=EVENTS, items_processed=EVENTS, items_inserted=EVENTS
        )

    @activity.defn(name=Activities.WRITE_SUMMARY)
    async def write_summary(self, record: WriteSummary) -> None:
        await self._pass(Activities.WRITE_SUMMARY, record.job.job_id, 0)
        self.summaries.append(record)


def _batch_of(request: BlockRequest) -> int:
    return int(request.block_id.partition(".")[0])


@dataclass
class RunParts:
    """The activities of a QueuerFlow, over a backlog of *pages* that begins with the *leftover* pages."""

    queue: str
    pages: Sequence[JobsPage] = ()
    leftover: Sequence[JobsPage] = (JobsPage(),)
    max_children: int = 5
    exhausted: int = 0
    opened_at: datetime = OPENED_AT
    window: Window = WINDOW
    hooks: dict[str, Hook] = field(default_factory=dict)
    opened: list[OpenRun] = field(default_factory=list)
    questions: list[BacklogQuestion] = field(default_factory=list)
    walks: Sequence[Walk] = ()
    refusal: str | None = None
    walk_notes: list[WalkNote] = field(default_factory=list)
    refused: list[RefusedRun] = field(default_factory=list)
    notes: list[Unfinished] = field(default_factory=list)
    closed: list[CloseRun] = field(default_factory=list)

    def own_activities(self) -> Sequence[Callable[..., Any]]:
        """What the queuer answers."""
        return [self.get_metadata, self.extract_parameters]

    def worker_activities(self) -> Sequence[Callable[..., Any]]:
        """What the worker answers to a QueuerFlow."""
        return [self.open_run, self.refuse_run, self.note_walk, self.note_unfinished, self.close_run]

    async def _pass(self, name: str, page: int = 0) -> None:
        if name in self.hooks:
            await self.hooks[name]("", page)

    @activity.defn(name=Activities.GET_METADATA)
    async def get_metadata(self, request: QueuerInput) -> QueuerMetadata:
        await self._pass(Activities.GET_METADATA)
        return QueuerMetadata(
            source_kind_id=request.source_kind_id,
            worker_queue=self.queue,
            max_children=self.max_children,
            refusal=self.refusal,
        )

    @activity.defn(name=Activities.OPEN_RUN)
    async def open_run(self, request: OpenRun) -> OpenedRun:
        self.opened.append(request)
        at = request.cursor if isinstance(request.cursor, int) else 0
        await self._pass(Activities.OPEN_RUN, at)
        more = at + 1 if at + 1 < len(self.leftover) else None
        page = self.leftover[at].model_copy(update={"cursor": more})
        return OpenedRun(
            run=RUN,
            opened_at=self.opened_at,
            window=self.window,
            leftover=page,
            exhausted=self.exhausted,
            walks=() if request.cursor is not None else (*self.walks, Walk(id=RUN, window=self.window)),
        )

    @activity.defn(name=Activities.REFUSE_RUN)
    async def refuse_run(self, refused: RefusedRun) -> None:
        await self._pass(Activities.REFUSE_RUN)
        self.refused.append(refused)

    @activity.defn(name=Activities.NOTE_WALK)
    async def note_walk(self, note: WalkNote) -> None:
        await self._pass(Activities.NOTE_WALK)
        self.walk_notes.append(note)

    @activity.defn(name=Activities.EXTRACT_PARAMETERS)
    async def extract_parameters(self, question: BacklogQuestion) -> JobsPage:
        self.questions.append(question)
        at = question.cursor if isinstance(question.cursor, int) else 0
        await self._pass(Activities.EXTRACT_PARAMETERS, at)
        if not self.pages:
            return JobsPage()
        return self.pages[at].model_copy(update={"cursor": at + 1 if at + 1 < len(self.pages) else None})

    @activity.defn(name=Activities.NOTE_UNFINISHED)
    async def note_unfinished(self, note: Unfinished) -> None:
        await self._pass(Activities.NOTE_UNFINISHED)
        self.notes.append(note)

    @activity.defn(name=Activities.CLOSE_RUN)
    async def close_run(self, close: CloseRun) -> None:
        await self._pass(Activities.CLOSE_RUN)
        self.closed.append(close)
