"""What an ETLFlow and its activities tell each other: references, counts and cursors, never records."""

from pydantic import JsonValue

from temporaletl.contract import Counts, ETLInput, ETLSummary, Model, SourceKindId


class JobMetadata(Model):
    """Everything a flow needs to know of its job; *run* is its row in etl_runs."""

    run: int
    source_kind_id: SourceKindId
    event_type: str
    extract_queue: str
    version: str
    specific_version: str
    batch_size: int
    max_concurrent_chunks: int


class ExtractRequest(Model):
    """Asks for one batch, from *cursor* on."""

    job: ETLInput
    run: int
    batch_no: int
    cursor: JsonValue = None


class StagedBatch(Model):
    """A staged batch, None where there was nothing; *cursor* resumes after it."""

    block_id: str | None
    cursor: JsonValue
    done: bool
    documents: int


class BlockRequest(Model):
    """Names one staged batch of a job."""

    job: ETLInput
    run: int
    block_id: str


class ShapedBatch(Model):
    """What a transformed batch holds."""

    events: int
    rejected: int


class WriteSummary(Model):
    """How a job ended."""

    run: int
    job: ETLInput
    source_kind_id: SourceKindId
    status: str
    summary: ETLSummary
    error: str | None = None


class ETLState(Model):
    """What continue-as-new carries. Nothing is in flight when it is written."""

    metadata: JobMetadata
    cursor: JsonValue = None
    batch_no: int = 0
    chunks_processed: int = 0
    counts: Counts = Counts()
