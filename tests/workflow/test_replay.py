"""Do the flows still take every step that runs under way have taken? Replayed on saved histories.

A test here fails when a flow that is under way somewhere could not go on: then the change needs
``workflow.patched``. Only where no such flow can be, renew: ``pytest tests/workflow --save-histories``.
"""

import json
import re
import socket
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from queuer.models.flow import QueuerFlow
from temporaletl.contract import Activities
from temporaletl.failures import BUGS
from temporaletl.settings import TemporalSettings
from temporaletl.temporal import data_converter
from tests.workflow.saving import HISTORIES, scrub_history
from worker.models.flow import ETLFlow

SAVED = sorted(HISTORIES.glob("*.json"))
EXPECTED = {
    *("job_completed", "job_lost_block", "job_failed", "job_cancelled"),
    *("job_continued_from", "job_continued_to"),
    *("run_completed", "run_failed_child", "run_cancelled", "run_continued_from", "run_continued_to"),
    *("run_failed", "run_jobs_failed", "run_refused", "run_took_walks"),
    # Of the flow before it kept what it could not finish: such runs may be under way.
    *("former_run_completed", "former_run_failed_child", "former_run_cancelled"),
    *("former_run_continued_from", "former_run_continued_to"),
}
MOST_BYTES = 150_000


def read_history(name: str) -> WorkflowHistory:
    """The saved history of that name."""
    return WorkflowHistory.from_json(name, (HISTORIES / f"{name}.json").read_text())


async def replay(history: WorkflowHistory) -> None:
    """Take a history's steps with today's flows; NondeterminismError where they differ."""
    replayer = Replayer(
        workflows=[ETLFlow, QueuerFlow],
        data_converter=data_converter(TemporalSettings(codec_keys=None)),
        workflow_runner=UnsandboxedWorkflowRunner(),
        workflow_failure_exception_types=BUGS,
    )
    await replayer.replay_workflow(history)


def test_every_kind_of_ending_is_saved() -> None:
    assert {path.stem for path in SAVED} == EXPECTED


@pytest.mark.parametrize("name", [path.stem for path in SAVED])
async def test_the_flows_take_the_steps_of_a_saved_history(name: str) -> None:
    await replay(read_history(name))


@pytest.mark.parametrize(
    ("name", "step"),
    [("job_completed", "LOAD_DATA"), ("job_lost_block", "TRANSFORM_DATA"), ("run_completed", "OPEN_RUN")],
)
async def test_a_flow_that_takes_another_step_is_noticed(
    monkeypatch: pytest.MonkeyPatch, name: str, step: str
) -> None:
    monkeypatch.setattr(Activities, step, "something_else")

    with pytest.raises(workflow.NondeterminismError):
        await replay(read_history(name))


@pytest.mark.parametrize("path", SAVED, ids=lambda path: path.stem)
def test_a_saved_history_names_no_machine_and_stays_small(path: Path) -> None:
    text = path.read_text()
    plain = scrub_history(json.loads(text))

    assert plain == json.loads(text)
    assert socket.gethostname() not in re.findall(r"[\w.-]+", text)
    assert re.findall(r"\w@\w", text) == []
    assert re.findall(r"/(?:home|root|tmp|usr|work)/", text) == []
    assert len(text) < MOST_BYTES
