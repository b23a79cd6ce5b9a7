"""Does the demo keep its promises, in a small size, and does Ctrl-C leave nothing behind?"""

import re
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.e2e.launch_support import launch, run_command
from tests.waiting import wait_until

ISSUES = 120
CHANGES = 5
WITHIN_S = 90
"""The demo's promise for its full size, kept here in a small one while other tests have the processors."""
EVENT_TYPES = {
    "jira": (
        "issue_created", "comment_created", "comment_updated", "worklog_created", "worklog_updated",
        "acceptance_changed", "assignee_changed", "comment_deleted", "description_changed",
        "priority_changed", "status_changed", "story_points_changed", "summary_changed", "changelog",
    ),
    "launchpad": (
        "bug_created", "bug_activity", "bug_message", "merge_proposal_created",
        "merge_proposal_review_requested", "merge_proposal_reviewed", "merge_proposal_merged",
        "merge_proposal_comment", "merge_proposal_vote", "question_created", "question_answered",
        "question_solved",
    ),
    "salesforce": (
        "case_created", "case_comment_created", "case_status_changed", "case_owner_changed",
        "case_priority_changed", "case_changed", "case_closed",
    ),
}  # fmt: skip
"""The whole catalogue of events."""

NOBODY = "http://127.0.0.1:9"
ELSEWHERE = {
    **{"http_proxy": NOBODY, "https_proxy": NOBODY, "HTTPS_PROXY": NOBODY, "ALL_PROXY": NOBODY},
    **{"PGSSLMODE": "require", "PGOPTIONS": "-csearch_path=nope", "PGHOSTADDR": "192.0.2.1"},
}
"""What would lead the demo's own clients astray."""

STUCK_LAKE = """
import sys
from scripts.sandbox import lake
from scripts.showcase import __main__ as showcase

lake.SETUP += f"set threads = 1; copy (select 1) to '{sys.argv[1]}';"
lake.SETUP += "select sum(range) from range(1000000000000);"
sys.exit(showcase.run(["--issues", "1", "--source", "jira"]))
"""
"""The demo, whose lake takes for ever to load once it has written a file.

DuckDB looks out for signals between the parts of a query that the asking thread itself works on.
"""


def test_the_demo_shows_every_event_writes_nothing_twice_and_then_only_what_changed(tmp_path: Path) -> None:
    code, said = run_command(
        tmp_path,
        *("-m", "scripts.showcase", "--issues", str(ISSUES), "--changes", str(CHANGES)),
        environment={"COLUMNS": "200"},
        within_s=WITHIN_S,
    )

    assert code == 0, said
    found = iter(re.findall(r"\d documents, \d+ events: .*", re.sub(r"(?<=\d),(?=\d)", "", said)))
    first, second, third = [{source: read_counts(next(found)) for source in EVENT_TYPES} for _ in range(3)]
    for source, event_types in EVENT_TYPES.items():
        # Launchpad's documents are found by several members' jobs: loaded once, unchanged for the others.
        assert (first[source][0] > 0, first[source][1], first[source][3]) == (True, 0, 0)
        assert (second[source][:2], second[source][3]) == ((0, 0), 0)
        assert second[source][2] >= first[source][0]
        _, updated, _, retired = third[source]
        assert f"{CHANGES} documents of {source}" in said
        assert (
            f"rows of {CHANGES} documents of {source} changed; history: {updated} updated, {retired} retired"
            in said
        )
        assert sum(third[source][:2]) + retired > 0
        table = said.partition(f"{source}_events")[2].partition("└")[0]
        assert set(re.findall(r"^│ (\w+) +│", table, re.MULTILINE)) == set(event_types)


def read_counts(told: str) -> tuple[int, ...]:
    """How many rows were inserted, updated, unchanged and retired; what is 0 is not told."""
    numbers = {name: int(number) for number, name in re.findall(r"(\d+) ([a-z]+)", told)}
    return tuple(numbers.get(name, 0) for name in ("inserted", "updated", "unchanged", "retired"))


def test_the_demo_of_one_source_shows_that_source_alone_whatever_the_terminal_exports(
    tmp_path: Path,
) -> None:
    asked = ("--source", "jira", "--jira-backend", "rest", "--issues", "20", "--passes", "1")
    code, said = run_command(
        tmp_path, "-m", "scripts.showcase", *asked, environment={"COLUMNS": "200", **ELSEWHERE}
    )

    assert code == 0, said
    assert_shows_jira_alone(said)


def assert_shows_jira_alone(said: str) -> None:
    assert "jira_events" in said
    assert "launchpad" not in said
    assert "salesforce" not in said


def test_ctrl_c_ends_a_kept_demo_and_every_process_of_it(tmp_path: Path) -> None:
    arguments = ("-m", "scripts.showcase", "--source", "jira", "--issues", "10", "--passes", "1", "--keep")

    with launch(tmp_path, *arguments, environment={"COLUMNS": "200", **ELSEWHERE}) as demo:
        said = demo.wait_for("keeps running until Ctrl-C")
        descendants = psutil.Process(demo.pid).children(recursive=True)
        names = " ".join(" ".join(process.cmdline()) for process in descendants)
        demo.send(signal.SIGINT)
        code = demo.wait(30)

    assert [part for part in ("postgres", "temporal", "-m queuer", "-m worker") if part not in names] == []
    assert_shows_jira_alone(said)
    assert re.search(r"http://\S+", said)
    assert re.search(r"psql\s+postgresql://", said)
    assert code == 130
    assert psutil.wait_procs(descendants, timeout=5)[1] == []


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Where the demo makes its folders: PostgreSQL's account reaches no folder of pytest's."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def hang_up() -> Iterator[signal.Signals]:
    """SIGHUP, which those who are started do not inherit ignored."""
    former = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield signal.SIGHUP
    signal.signal(signal.SIGHUP, former)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.usefixtures("hang_up")
def test_a_signal_while_duckdb_loads_the_lake_leaves_nothing(
    tmp_path: Path, temporary: Path, name: str
) -> None:
    environment, loading = {"TMPDIR": str(temporary)}, tmp_path / "loading"
    with launch(tmp_path, "-c", STUCK_LAKE, str(loading), environment=environment) as demo:
        wait_until(loading.exists)
        descendants = psutil.Process(demo.pid).children(recursive=True)
        demo.send(signal.Signals[name])
        code = demo.wait(30)

    assert (code, demo.said.splitlines()[1:]) == (130, ["stopped: nothing is left running"])
    assert psutil.wait_procs(descendants, timeout=5)[1] == []
    assert list(temporary.iterdir()) == []


def test_ctrl_c_while_the_demo_is_read_ends_it_without_a_traceback(tmp_path: Path) -> None:
    with launch(tmp_path, "-X", "importtime", "-m", "scripts.showcase", environment={}) as demo:
        demo.wait_for("psycopg")
        demo.send(signal.SIGINT)
        code = demo.wait(30)

    assert code == 130
    assert "Starting" not in demo.said
    assert "Traceback" not in demo.said
    assert demo.said.endswith("stopped: nothing is left running\n")
