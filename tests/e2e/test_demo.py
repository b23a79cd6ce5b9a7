"""Does the demo keep its promises, in a small size, and does Ctrl-C leave nothing behind?"""

import re
import signal
from pathlib import Path

import psutil
import pytest

from tests.e2e.launch_support import launch, run_command

ISSUES = 120
CHANGES = 5
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


def test_the_demo_shows_every_event_writes_nothing_twice_and_then_only_what_changed(tmp_path: Path) -> None:
    code, said = run_command(
        tmp_path,
        *("-m", "scripts.showcase", "--issues", str(ISSUES), "--changes", str(CHANGES)),
        environment={"COLUMNS": "200"},
    )

    assert code == 0, said
    pattern = r"(\d+) inserted · (\d+) updated · (\d+) unchanged · (\d+) retired"
    found = iter(re.findall(pattern, said.replace(",", "")))
    first, second, third = [
        {source: tuple(map(int, next(found))) for source in EVENT_TYPES} for _ in range(3)
    ]
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


@pytest.mark.parametrize("backend", ["trino", "rest"])
def test_the_demo_of_one_source_shows_that_source_alone(tmp_path: Path, backend: str) -> None:
    asked = ("--source", "jira", "--jira-backend", backend, "--issues", "20", "--passes", "1")
    code, said = run_command(tmp_path, "-m", "scripts.showcase", *asked, environment={"COLUMNS": "200"})

    assert code == 0, said
    assert "jira_events" in said
    assert "launchpad" not in said
    assert "salesforce" not in said


def test_ctrl_c_ends_a_kept_demo_and_every_process_of_it(tmp_path: Path) -> None:
    arguments = ("-m", "scripts.showcase", "--issues", "10", "--passes", "1", "--keep")

    with launch(tmp_path, *arguments, environment={"COLUMNS": "200"}) as demo:
        said = demo.wait_for("keeps running until Ctrl-C")
        descendants = psutil.Process(demo.pid).children(recursive=True)
        names = " ".join(" ".join(process.cmdline()) for process in descendants)
        demo.send(signal.SIGINT)
        code = demo.wait(30)

    assert [part for part in ("postgres", "temporal", "-m queuer", "-m worker") if part not in names] == []
    assert re.search(r"http://\S+", said)
    assert re.search(r"psql\s+postgresql://", said)
    assert code == 130
    assert psutil.wait_procs(descendants, timeout=5)[1] == []
