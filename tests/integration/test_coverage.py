"""A slice of a source that no run covered is looked at from the beginning, once."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from temporaletl.contract import BEGINNING, Window
from worker.external.wpe_db.connect import Connection, Warehouse
from worker.external.wpe_db.coverage import advance_coverage, read_coverage
from worker.external.wpe_db.runs import open_run

TODAY = datetime.now(UTC).date()
TO_NOW = Window(date_start=TODAY - timedelta(days=8), date_end=TODAY + timedelta(days=1))
OVER = Window(date_start=TODAY - timedelta(days=60), date_end=TODAY - timedelta(days=30))


def open_job(conn: Connection, window: Window = TO_NOW, source: str = "launchpad") -> int:
    name = uuid4().hex
    return open_run(
        conn,
        kind="ETLFlow",
        workflow_id=name,
        workflow_run_id=name,
        source_kind_id=source,
        job_id=name,
        window=window,
    )


def test_a_slice_that_was_never_covered_is_looked_at_from_the_beginning(warehouse: Warehouse) -> None:
    with warehouse.session() as conn:
        assert read_coverage(conn, open_job(conn), "ana:bugs") == BEGINNING


def test_a_slice_is_covered_up_to_when_the_job_began(warehouse: Warehouse) -> None:
    with warehouse.session() as conn:
        first = open_job(conn)
        advance_coverage(conn, first, "ana:bugs")
        next_job = open_job(conn)

        assert read_coverage(conn, next_job, "ana:bugs") == TODAY
        assert read_coverage(conn, next_job, "ana:questions") == BEGINNING
        assert read_coverage(conn, open_job(conn, source="other"), "ana:bugs") == BEGINNING


def test_coverage_never_goes_back(warehouse: Warehouse) -> None:
    with warehouse.session() as conn:
        early, late = open_job(conn), open_job(conn)
        conn.execute(
            "UPDATE analytics.etl_runs SET started = started - interval '3 days' WHERE id = %s", (early,)
        )
        advance_coverage(conn, late, "ana:bugs")
        advance_coverage(conn, early, "ana:bugs")

        assert read_coverage(conn, open_job(conn), "ana:bugs") == TODAY


def test_a_slice_that_was_not_asked_for_in_weeks_is_looked_at_from_there(warehouse: Warehouse) -> None:
    with warehouse.session() as conn:
        early = open_job(conn)
        conn.execute(
            "UPDATE analytics.etl_runs SET started = started - interval '30 days' WHERE id = %s", (early,)
        )
        advance_coverage(conn, early, "ana:bugs")

        assert read_coverage(conn, open_job(conn), "ana:bugs") == TODAY - timedelta(days=30)


def test_a_window_that_was_over_when_the_job_began_is_taken_as_given(warehouse: Warehouse) -> None:
    with warehouse.session() as conn:
        back_fill = open_job(conn, OVER)
        advance_coverage(conn, back_fill, "ana:bugs")

        assert read_coverage(conn, back_fill, "ana:bugs") is None
        assert read_coverage(conn, open_job(conn), "ana:bugs") == BEGINNING
