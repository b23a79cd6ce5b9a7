"""The activities of a QueuerFlow on its own queue: is the source configured, and what is its backlog?"""

import structlog
from pydantic import ValidationError
from temporalio import activity

from queuer.models.inputs import transform_inputs_method
from queuer.models.messages import BacklogQuestion, QueuerMetadata
from queuer.models.params import BacklogPage, BacklogRequest, params_method
from temporaletl.connections import Connections
from temporaletl.contract import Activities, ETLInput, JobsPage, QueuerInput
from temporaletl.errors import ConfigurationError, QueryError
from temporaletl.failures import name_wrong_parts, safe_message
from temporaletl.heartbeat import beating
from temporaletl.settings import QueuerSettings
from temporaletl.sources import Sources

log = structlog.get_logger(__name__)

MAX_PAGE_BYTES = 60_000
"""A page of jobs is stored in the workflow's history: it stays under 64 KB there."""


class QueuerActivities:
    """get_metadata and extract_parameters, with the systems the backlog is asked of."""

    def __init__(
        self, connections: Connections, sources: Sources, settings: QueuerSettings, worker_queue: str
    ) -> None:
        self._connections = connections
        self._sources = sources
        self._settings = settings
        self._worker_queue = worker_queue

    @activity.defn(name=Activities.GET_METADATA)
    def get_metadata(self, request: QueuerInput) -> QueuerMetadata:
        """Every setting the flow needs, and why it must not run where its source is not ready.

        That is an answer and no error, so that the flow knows on which queue to have it written.
        """
        try:
            self._sources.require(request.source_kind_id)
            refusal = None
        except ConfigurationError as error:
            refusal = safe_message(error)
        return QueuerMetadata(
            source_kind_id=request.source_kind_id,
            worker_queue=self._worker_queue,
            max_children=self._settings.max_children,
            refusal=refusal,
        )

    @activity.defn(name=Activities.EXTRACT_PARAMETERS)
    def extract_parameters(self, question: BacklogQuestion) -> JobsPage:
        """One page of the backlog as jobs, at most MAX_PAGE_BYTES of them."""
        plugin = self._sources.require(question.source_kind_id)
        max_params = self._settings.max_jobs_per_page
        with self._connections.fork() as connections, beating(connections.close):
            while True:
                request = BacklogRequest(
                    source_kind_id=question.source_kind_id,
                    window=question.window,
                    job_size=self._settings.job_size,
                    max_params=max_params,
                    connections=connections,
                )
                found = params_method[plugin](request, question.cursor)
                page = make_page(plugin, found)
                size = len(page.model_dump_json())
                if size <= MAX_PAGE_BYTES:
                    break
                if max_params == 1:
                    raise QueryError(
                        f"one backlog parameter of {plugin} makes {size} bytes of jobs; "
                        f"at most {MAX_PAGE_BYTES} fit: name less in a job's arguments"
                    )
                max_params = max(1, max_params * MAX_PAGE_BYTES // (size + MAX_PAGE_BYTES // 10))
        log.info("backlog page read", source=question.source_kind_id, jobs=len(page.jobs), **page.notes)
        return page


def make_page(plugin: str, found: BacklogPage) -> JobsPage:
    """The jobs of a page of backlog parameters. Raises QueryError where one of them can be no job."""
    make_inputs = transform_inputs_method[plugin]
    jobs: list[ETLInput] = []
    try:
        for params in found.params:
            jobs.extend(make_inputs(params))
    except ValidationError as error:
        raise QueryError(
            f"the backlog of {plugin} has what can be no job: {name_wrong_parts(error)}; correct it there"
        ) from error
    return JobsPage(jobs=tuple(jobs), cursor=found.cursor, notes=dict(found.notes))
