"""What goes to Temporal: pydantic values, bounded failures, and nothing readable where keys are set."""

import base64
from pathlib import Path

import pytest
from pydantic import SecretStr
from temporalio.worker import Worker

from temporaletl.contract import Counts, make_job
from temporaletl.errors import ConfigurationError
from temporaletl.failures import BoundedFailureConverter
from temporaletl.settings import TemporalSettings
from temporaletl.temporal import QueueSpec, connect, data_converter, identify_build
from worker.models.flow import ETLFlow

JOB = make_job(
    "jira",
    {
        "source_kind_id": "jira",
        "event_type": "issues",
        "date_start": "2025-09-01",
        "date_end": "2025-09-02",
        "after": None,
    },
)
KEY = base64.b64encode(bytes(32)).decode()


async def test_values_arrive_as_they_were_sent() -> None:
    converter = data_converter(TemporalSettings(codec_keys=None))
    sent = (JOB, Counts(documents=3), {"page": [1, None]})

    payloads = await converter.encode(sent)

    assert await converter.decode(payloads, [type(value) for value in sent]) == [*sent]


@pytest.mark.parametrize("text", ['api_key = "hunter2', 'api_key = ["hunter2"]', "api_key = hunter2"])
async def test_a_profile_that_cannot_be_read_is_not_quoted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "temporal.toml"
    path.write_text(f'[profile.default]\naddress = "localhost:1"\n{text}\n')
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(path))

    with pytest.raises(ConfigurationError, match=r"line 3 of .* cannot be read") as caught:
        await connect(TemporalSettings(), wait=False)
    error: BaseException | None = caught.value
    while error is not None:
        assert "hunter2" not in str(error)
        error = error.__cause__


async def test_nothing_can_be_read_where_keys_are_set() -> None:
    converter = data_converter(TemporalSettings(codec_keys=SecretStr(f"k1:{KEY}")))

    payloads = await converter.encode([JOB])

    assert b"jira" not in payloads[0].SerializeToString()
    assert await converter.decode(payloads, [type(JOB)]) == [JOB]


def test_failures_are_bounded_with_keys_and_without() -> None:
    for keys in (None, SecretStr(f"k1:{KEY}")):
        converter = data_converter(TemporalSettings(codec_keys=keys))
        assert converter.failure_converter_class is BoundedFailureConverter


def test_a_build_has_the_same_name_wherever_the_same_code_runs() -> None:
    job_queue = QueueSpec("a", slots=1, workflows=[ETLFlow])
    other_queue = QueueSpec("b", slots=9, workflows=[ETLFlow])
    another_package = QueueSpec("a", slots=1, workflows=[Worker])

    assert identify_build([job_queue]) == identify_build([other_queue])
    assert identify_build([job_queue]) != identify_build([another_package])
