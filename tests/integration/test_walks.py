"""What runs did not finish, in a real warehouse: who goes on with it, and when it is done."""

from datetime import UTC, date, datetime, timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from temporaletl.connections import Connections
from temporaletl.contract import CloseRun, OpenedRun, OpenRun, RefusedRun, Walk, WalkNote, Window
from temporaletl.sources import Sources
from tests.integration.loading import Loads
from worker.external.endings import UNKNOWN, Ending
from worker.external.wpe_db.connect import Warehouse
from worker.external.wpe_db.runs import open_run
from worker.models.runs import RunActivities

NOW = datetime.now(UTC)
TODAY = NOW.date()
LONG_AGO = Window(date_start=date(2010, 1, 1), date_end=date(2011, 1, 1))
FAILED = Ending("failed", "it failed")
TERMINATED = Ending("terminated", "its workflow was terminated", by_person=True)


class Runs:
    """Opens, notes and closes runs as their workflows would; *endings* says how a workflow ended."""

    def __init__(self, warehouse: Warehouse, loads: Loads) -> None:
        self.endings: dict[str, Ending] = {}
        self.ask = loads.ask
        self._activities = RunActivities(
            warehouse,
            Connections((), {}),
            Sources(("jira",), (), {}),
            lambda connections, source: None,
            lambda workflow_id, run_id: self.endings.get(workflow_id),
        )

    def open(self, name: str, window: Window | None = None) -> OpenedRun:
        """Register the run of that workflow, with dates of its own where *window* is given."""
        return ActivityEnvironment().run(self._activities.open_run, self._name(name, window))

    def refuse(self, name: str, window: Window | None = None, *, has_window: bool = True) -> None:
        """Write that the run could not be opened."""
        asked = self._name(name, window).model_dump()
        refused = RefusedRun(**asked, error="TRINO_HOST is missing", has_window=has_window)
        ActivityEnvironment().run(self._activities.refuse_run, refused)

    def note(self, run: OpenedRun, walk: Walk, *, done: bool = False, error: str | None = None) -> None:
        """Say how far the run came."""
        note = WalkNote(source_kind_id="jira", run=run.run, walk=walk, done=done, error=error)
        ActivityEnvironment().run(self._activities.note_walk, note)

    def close(
        self, run: OpenedRun, status: str = "failed", *, walked: bool = False, walk: Walk | None = None
    ) -> None:
        """Say how the run ended."""
        close = CloseRun(
            source_kind_id="jira", run=run.run, status=status, counts={}, walked=walked, walk=walk
        )
        ActivityEnvironment().run(self._activities.close_run, close)

    def left(self) -> list[tuple[object, ...]]:
        """Number and holder of each walk."""
        return self.ask("SELECT made_for, run FROM {s}.etl_walks ORDER BY 1")

    def ended(self) -> list[tuple[object, ...]]:
        """Status and error of every run that is closed."""
        return self.ask(
            "SELECT workflow_id, status, error FROM {s}.etl_runs WHERE finished IS NOT NULL ORDER BY id"
        )

    @staticmethod
    def _name(name: str, window: Window | None) -> OpenRun:
        dates = {} if window is None else window.model_dump()
        run_id = f"run-{name}"
        return OpenRun(source_kind_id="jira", workflow_id=name, workflow_run_id=run_id, nominal=NOW, **dates)


@pytest.fixture
def runs(warehouse: Warehouse, loads: Loads) -> Runs:
    """Runs of jira in an empty warehouse."""
    return Runs(warehouse, loads)


def test_a_run_has_its_own_window_to_walk_however_often_it_is_opened(runs: Runs) -> None:
    first, again = runs.open("a"), runs.open("a")

    assert first.walks == again.walks == (Walk(id=first.run, window=first.window),)
    runs.close(first, "completed", walked=True)
    assert runs.left() == []


def test_the_next_run_goes_on_with_what_a_failed_one_left_from_its_cursor(runs: Runs) -> None:
    failed = runs.open("a", LONG_AGO)
    own = failed.walks[0]
    runs.note(failed, own.model_copy(update={"cursor": ["10100", 3]}))
    runs.close(failed, walk=own.model_copy(update={"cursor": ["10200", 3]}))

    following = runs.open("b")

    left = Walk(id=failed.run, window=LONG_AGO, cursor=["10200", 3])
    assert following.walks == (left, Walk(id=following.run, window=following.window))
    assert runs.open("b").walks == following.walks
    # Nobody else takes it meanwhile.
    other = runs.open("c")
    assert [walk.id for walk in other.walks] == [other.run]
    runs.note(following, left, done=True)
    runs.close(following, "completed", walked=True)
    runs.close(other, "completed", walked=True)
    assert runs.left() == []


def test_what_a_run_could_not_go_on_with_is_the_next_ones(runs: Runs) -> None:
    failed = runs.open("a", LONG_AGO)
    runs.close(failed)
    second = runs.open("b")
    runs.close(second, walk=second.walks[0].model_copy(update={"cursor": "x"}))

    third = runs.open("c")

    # Its own window covers that of the second one.
    assert [(walk.id, walk.cursor) for walk in third.walks] == [(failed.run, "x"), (third.run, None)]
    runs.note(third, third.walks[0], done=True)
    runs.close(third, "completed_with_failures", walked=True)
    assert runs.left() == []


def test_a_walk_that_fails_five_times_is_only_reported(runs: Runs) -> None:
    runs.close(runs.open("a", LONG_AGO))
    for attempt in range(5):
        run = runs.open(f"b{attempt}")
        assert (len(run.walks), run.exhausted) == (2, 0)
        for _ in range(2):
            runs.note(run, run.walks[0], error="Trino refused the backlog")
        runs.close(run, "completed", walked=True)

    last = runs.open("c")
    assert (len(last.walks), last.exhausted) == (1, 1)
    runs.close(last, "completed", walked=True)
    assert runs.ask("SELECT attempts, error FROM {s}.etl_walks") == [(5, "Trino refused the backlog")]


@pytest.mark.parametrize("by_temporal", [False, True])
def test_dates_that_a_person_named_and_ended_wait_until_somebody_asks(runs: Runs, by_temporal: bool) -> None:
    cancelled = runs.open("a", LONG_AGO)
    if by_temporal:
        runs.endings["a"] = TERMINATED
    else:
        runs.close(cancelled, "cancelled", walk=cancelled.walks[0].model_copy(update={"cursor": "x"}))

    second = runs.open("b")
    assert len(second.walks) == 1
    assert runs.ask("SELECT made_for FROM {s}.etl_walks WHERE held") == [(cancelled.run,)]
    runs.close(second, "completed", walked=True)
    runs.ask("UPDATE {s}.etl_walks SET held = false")
    assert runs.open("c").walks[0].id == cancelled.run


def test_a_run_of_the_same_dates_finishes_what_waits(runs: Runs) -> None:
    runs.close(runs.open("a", LONG_AGO), "cancelled")
    runs.close(runs.open("b", LONG_AGO), "completed", walked=True)

    assert runs.left() == []


def test_a_window_of_a_schedule_that_a_person_ended_is_covered_by_the_next_run(runs: Runs) -> None:
    runs.open("a")
    runs.endings["a"] = TERMINATED

    following = runs.open("b")

    assert [walk.id for walk in following.walks] == [following.run]
    runs.close(following, "completed", walked=True)
    assert runs.left() == []


def test_a_window_that_the_next_run_does_not_cover_is_walked_though_a_person_ended_it(runs: Runs) -> None:
    first = runs.open("a")
    runs.ask("UPDATE {s}.etl_walks SET date_start = date_start - 30, date_end = date_end - 30")
    runs.close(first, "cancelled")

    assert runs.open("b").walks[0].id == first.run


def test_a_run_that_failed_all_its_jobs_has_walked(runs: Runs) -> None:
    runs.close(runs.open("a", LONG_AGO), "failed", walked=True)

    assert runs.left() == []


def test_a_run_goes_on_in_a_warehouse_that_has_no_walks(runs: Runs) -> None:
    runs.ask("DROP TABLE {s}.etl_walks")
    run = runs.open("a", LONG_AGO)
    runs.note(run, Walk(id=run.run, window=LONG_AGO), done=True)
    runs.close(run, "completed", walked=True)
    runs.refuse("b")
    runs.open("c")

    assert (run.walks, run.exhausted) == ((), 0)
    assert [status for _, status, _ in runs.ended()] == ["completed", "failed"]


def test_a_flow_from_before_walks_were_kept_finishes_its_own(runs: Runs) -> None:
    runs.close(runs.open("a", LONG_AGO), "completed")

    assert runs.left() == []


def test_runs_and_jobs_that_are_over_in_temporal_are_ended_by_the_next_run(
    runs: Runs, warehouse: Warehouse
) -> None:
    runs.open("a", LONG_AGO)
    runs.open("b")
    with warehouse.session() as conn:
        open_run(
            conn,
            kind="ETLFlow",
            workflow_id="job",
            workflow_run_id="run-job",
            source_kind_id="jira",
            namespace="default",
        )
    runs.endings = {"a": FAILED, "job": TERMINATED, "c": FAILED}

    following = runs.open("c")

    assert runs.ended() == [("a", "failed", "it failed"), ("job", "terminated", TERMINATED.error)]
    # The one that still runs keeps what it walks.
    assert [walk.window for walk in following.walks] == [LONG_AGO, following.window]


@pytest.mark.parametrize(
    ("change", "ending", "is_ended"),
    [
        ("namespace = 'elsewhere'", FAILED, False),
        ("namespace = NULL", FAILED, True),
        ("namespace = NULL, started = started - interval '2 days'", UNKNOWN, False),
        ("namespace = 'default'", UNKNOWN, False),
        ("namespace = 'default', started = started - interval '2 days'", UNKNOWN, True),
        ("source_kind_id = 'launchpad'", FAILED, False),
    ],
)
def test_a_run_that_may_be_another_clusters_is_left_alone(
    runs: Runs, change: str, ending: Ending, is_ended: bool
) -> None:
    runs.open("a")
    runs.ask("UPDATE {s}.etl_runs SET " + change)
    runs.endings["a"] = ending

    runs.open("b")

    assert (len(runs.ended()) == 1) is is_ended


def test_a_run_that_was_refused_is_in_the_run_log_and_its_dates_wait_for_the_next_one(runs: Runs) -> None:
    for _ in range(2):
        runs.refuse("a", LONG_AGO)
    assert runs.ended() == [("a", "failed", "TRINO_HOST is missing")]

    assert runs.open("b").walks[0].window == LONG_AGO


@pytest.mark.parametrize("has_window", [True, False])
def test_a_run_that_was_refused_for_its_window_has_nothing_to_go_on_with(
    runs: Runs, has_window: bool
) -> None:
    never = Window.model_construct(date_start=TODAY, date_end=TODAY - timedelta(days=1))
    runs.refuse("a", never if has_window else None, has_window=has_window)

    assert len(runs.ended()) == 1
    assert runs.left() == []
