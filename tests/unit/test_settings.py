"""Settings of the engine: every existing name is read, and everything wrong is named at once."""

import os
from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from temporaletl.environment import read_rates, read_settings, require_settings
from temporaletl.errors import ConfigurationError
from temporaletl.registry import discover
from temporaletl.settings import (
    LogSettings,
    QueuerSettings,
    Settings,
    TemporalSettings,
    TrinoSettings,
    WarehouseSettings,
    WorkerSettings,
)

PREFIXES = (
    "TEMPORAL_",
    "TRINO_",
    "GCP_",
    "WPE_DB_",
    "LOG_",
    "JIRA_",
    "BATCH_",
    "MAX_",
    "JOB_",
    "WORKER_",
    "EVENTS_",
)
WAREHOUSE = {"WPE_DB_HOST": "db", "WPE_DB_NAME": "wpe", "WPE_DB_USER": "etl", "WPE_DB_PASSWORD": "pass"}


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(PREFIXES):
            monkeypatch.delenv(name)


def set_all(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_temporal_is_local_where_nothing_is_said() -> None:
    settings = TemporalSettings()

    assert (settings.host, settings.namespace) == ("localhost:7233", "default")
    assert (settings.queue, settings.etl_queue) == (None, "etl-worker-queue")


def test_the_names_of_existing_deployments_say_where_temporal_is(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {
        "TEMPORAL_HOST": "temporal:7233",
        "TEMPORAL_NAMESPACE": "team",
        "TEMPORAL_QUEUE": "own",
        "TEMPORAL_ETL_QUEUE": "jobs",
    }
    set_all(monkeypatch, names)
    settings = TemporalSettings()

    assert (settings.host, settings.namespace, settings.queue, settings.etl_queue) == (*names.values(),)


def test_an_empty_value_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, {"TEMPORAL_HOST": "", "TEMPORAL_QUEUE": "", "TEMPORAL_CODEC_KEYS": ""})
    settings = TemporalSettings()

    assert (settings.host, settings.queue, settings.codec_keys) == ("localhost:7233", None, None)


def test_the_warehouse_is_where_the_earlier_names_say(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, {**WAREHOUSE, "WPE_DB_PORT": "5433", "WPE_DB_SCHEMA": "events"})
    settings = WarehouseSettings()

    assert (settings.host, settings.port, settings.name, settings.db_schema) == ("db", 5433, "wpe", "events")
    assert settings.password == SecretStr("pass")


def test_a_dsn_is_enough_to_say_where_the_warehouse_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WPE_DB_DSN", "postgresql://etl@db/wpe")

    assert WarehouseSettings().db_schema == "public"


def test_everything_that_the_warehouse_lacks_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WPE_DB_USER", "etl")
    _, problems = read_settings([WarehouseSettings])

    assert problems == ["WPE_DB_HOST, WPE_DB_NAME (missing; or set WPE_DB_DSN)"]


def test_a_start_names_what_is_missing_or_wrong_in_every_model_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_all(monkeypatch, {"LOG_LEVEL": "LOUD", "BATCH_DOCUMENTS": "0", "MAX_CONCURRENT_CHUNKS": "many"})
    with pytest.raises(ConfigurationError) as refused:
        require_settings(TemporalSettings, LogSettings, WorkerSettings, WarehouseSettings)

    said = str(refused.value)
    assert said.startswith("set these in the environment or in .env: ")
    for name in ("LOG_LEVEL (", "BATCH_DOCUMENTS (", "MAX_CONCURRENT_CHUNKS (", "WPE_DB_HOST, WPE_DB_NAME"):
        assert name in said


@pytest.mark.parametrize(
    ("model", "said", "problems"),
    [
        (WarehouseSettings, {"WPE_DB_PORT": "x"}, ["WPE_DB_PORT", "WPE_DB_HOST, WPE_DB_NAME, WPE_DB_USER"]),
        (WarehouseSettings, {**WAREHOUSE, "WPE_DB_PORT": "x"}, ["WPE_DB_PORT"]),
        (WarehouseSettings, {"WPE_DB_SCHEMA": "%", "WPE_DB_DSN": "host=db"}, ["WPE_DB_SCHEMA"]),
        (TrinoSettings, {"TRINO_AUTH": "gcp"}, ["TRINO_HOST", "GCP_PRIVATE_KEY, GCP_CLIENT_EMAIL"]),
        (TrinoSettings, {"TRINO_AUTH": "key", "TRINO_HOST": "t"}, ["TRINO_AUTH"]),
    ],
)  # fmt: skip
def test_a_wrong_setting_hides_none_that_is_missing(
    monkeypatch: pytest.MonkeyPatch, model: type[Settings], said: dict[str, str], problems: list[str]
) -> None:
    set_all(monkeypatch, said)

    assert [problem.split(" (")[0] for problem in read_settings([model])[1]] == problems


def every_setting() -> Iterator[tuple[type[BaseSettings], str]]:
    discover("worker.sources")
    models = list[type[BaseSettings]]([Settings])
    for model in models:
        models += model.__subclasses__()
        prefix = str(model.model_config.get("env_prefix") or "")
        for name, field in model.model_fields.items():
            yield model, str(field.validation_alias or f"{prefix}{name}").upper()


@pytest.mark.parametrize(("model", "name"), [*every_setting()])
def test_whatever_is_set_wrongly_is_said_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, model: type[BaseSettings], name: str
) -> None:
    monkeypatch.setenv(name, "\x01 wrong")

    read, problems = read_settings([model])

    assert bool(problems) != any(isinstance(found, model) for found in read)
    assert all(isinstance(problem, str) and "wrong" not in problem for problem in problems)


def test_no_secret_is_said_when_another_setting_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, {**WAREHOUSE, "WPE_DB_PASSWORD": "hunter2", "WPE_DB_PORT": "hunter2"})
    _, [problem] = read_settings([WarehouseSettings])

    assert problem.startswith("WPE_DB_PORT (")
    assert "hunter2" not in problem


def test_no_secret_is_said_when_settings_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, {**WAREHOUSE, "WPE_DB_PASSWORD": "hunter2", "TEMPORAL_CODEC_KEYS": "k1:hunter2"})

    assert "hunter2" not in f"{WarehouseSettings()!r} {TemporalSettings()!r}"


@pytest.mark.parametrize(
    ("name", "value", "model"),
    [
        ("MAX_CONCURRENT_JOBS", "1001", QueuerSettings),
        ("JOB_SIZE", "0", QueuerSettings),
        ("MAX_JOBS_PER_PAGE", "501", QueuerSettings),
        ("EVENTS_SINCE", "lately", WorkerSettings),
        ("BATCH_SECONDS", "0", WorkerSettings),
    ],
)
def test_a_number_that_temporal_could_not_bear_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, model: type[QueuerSettings | WorkerSettings]
) -> None:
    monkeypatch.setenv(name, value)
    _, problems = read_settings([model])

    assert [problem.split(" (")[0] for problem in problems] == [name]


def test_each_source_has_a_rate_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, {"JIRA_REQUESTS_PER_SECOND": "2.5", "JIRA_EMEA_REQUESTS_PER_SECOND": "1"})

    assert read_rates(["jira", "jira-emea", "launchpad"]) == {"jira": 2.5, "jira-emea": 1.0}


@pytest.mark.parametrize("value", ["fast", "0", "-1"])
def test_a_rate_that_is_none_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("JIRA_REQUESTS_PER_SECOND", value)

    with pytest.raises(ConfigurationError, match=r"JIRA_REQUESTS_PER_SECOND \("):
        read_rates(["jira"])


@pytest.mark.parametrize("name", ["a%b", "x" * 64])
def test_a_schema_that_no_statement_could_name_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    set_all(monkeypatch, {**WAREHOUSE, "WPE_DB_SCHEMA": name})

    [problem] = read_settings([WarehouseSettings])[1]
    assert problem.startswith("WPE_DB_SCHEMA (")
