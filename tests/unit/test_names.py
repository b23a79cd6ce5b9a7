"""A name that looks like a setting and is none is told with the nearest one, and no setting is ever told."""

import importlib
import json
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

import queuer
import temporaletl
import worker
from scripts.sandbox.upstreams import SOURCES, Upstreams
from scripts.sandbox.world import World
from temporaletl.environment import read_settings
from temporaletl.names import OF_THE_SOURCES, TEMPORALS_OWN, find_odd_names, variables_of
from temporaletl.settings import Settings, TrinoSettings

ROOT = Path(__file__).parents[2]
KNOWN_SOURCES = ("jira", "launchpad", "salesforce")

ASK = """
import importlib, json, sys
from temporaletl.names import find_odd_names
from temporaletl.registry import discover
package = sys.argv[1]
importlib.import_module(package + ".__main__")
discover(package + ".sources")
names = json.load(sys.stdin)
found = find_odd_names(dict.fromkeys(names, "x"), names, ("jira", "launchpad", "salesforce"))
print(json.dumps([finding.setting for finding in found]))
"""


def told(environment: dict[str, str], env_file: Iterable[str] = ()) -> dict[str, str]:
    """What is said of each odd name: finding and remedy."""
    found = find_odd_names(environment, env_file, KNOWN_SOURCES)
    return {str(one.setting): f"{one.finding}: {one.remedy}" for one in found}


def settings_models() -> list[type[BaseSettings]]:
    for package in (temporaletl, queuer, worker):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith(("settings", "environment")):
                importlib.import_module(module.name)
    return [
        model
        for model in Settings.__subclasses__()
        if model.__module__.partition(".")[0] in ("temporaletl", "queuer", "worker")
        and model.__name__ != "RateSettings"
    ]


def every_name() -> set[str]:
    """All that somebody may rightly set: in .env.example, in a model, by the scripts, for Temporal."""
    example = re.findall(r"(?m)^#?([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text())
    upstreams = Upstreams(World(1), SOURCES)
    upstreams.stop()
    scripts = [path.read_text() for path in (ROOT / "scripts").rglob("*.py")]
    return {
        *example,
        *(name for model in settings_models() for name in variables_of(model)),
        *(f"{source}_REQUESTS_PER_SECOND".upper() for source in KNOWN_SOURCES),
        *TEMPORALS_OWN,
        "TEMPORAL_GRPC_META_X_TEAM",
        *upstreams.environment(),
        *re.findall(r'"((?:WPE_DB|TEMPORAL|JIRA|TRINO|SF|LP|LOG)_[A-Z_]+)"', "\n".join(scripts)),
        *(
            "PYTHON_DOTENV_DISABLED",
            "XDG_CACHE_HOME",
            "JAVA_HOME",
            "MAVEN_HOME",
            "HOME",
            "PATH",
            "LANG",
            "TZ",
        ),
    }


@pytest.mark.parametrize("package", ["queuer", "worker"])
def test_no_setting_is_odd_in_either_process(package: str) -> None:
    names = sorted(every_name())
    asked = subprocess.run(
        [sys.executable, "-c", ASK, package],
        input=json.dumps(names),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert len(names) > 140
    assert json.loads(asked.stdout) == []


def test_the_settings_of_our_sources_are_named_for_the_other_process() -> None:
    of_sources = {
        name
        for model in settings_models()
        if ".sources." in model.__module__ or ".external." in model.__module__
        for name in variables_of(model)
    }

    assert {
        f"{source}_REQUESTS_PER_SECOND".upper() for source in KNOWN_SOURCES
    } | of_sources == OF_THE_SOURCES


def test_what_temporals_client_reads_is_what_its_library_has() -> None:
    library = Path(str(importlib.import_module("temporalio.bridge.temporal_sdk_bridge").__file__))
    held = library.read_bytes()

    assert [name for name in sorted(TEMPORALS_OWN) if name.encode() not in held] == []


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("JIRA_TOKN", "JIRA_TOKEN"),
        ("JIRA_API_TOKEN", "JIRA_TOKEN"),
        ("SF_CLIENT_SECRETS", "SF_CLIENT_SECRET"),
        ("WPE_DB_HOSTNAME", "WPE_DB_HOST"),
        ("TEMPORAL_HSOT", "TEMPORAL_HOST"),
        ("LOG_LEVL", "LOG_LEVEL"),
        ("ANONYMIZATION_KEY", "ANONYMISATION_KEY"),
        ("LAUNCHPAD_REQUEST_PER_SECOND", "LAUNCHPAD_REQUESTS_PER_SECOND"),
        ("launchpad_grace_day", "LAUNCHPAD_GRACE_DAYS"),
        ("WPEDB_HOST", "WPE_DB_HOST"),
    ],
)
def test_a_name_of_the_file_that_is_no_setting_is_told_with_the_nearest_one(name: str, nearest: str) -> None:
    said = told({name: "x"}, [name])

    assert said == {
        name: f"{name} in .env is no setting: nobody reads it: write {nearest} where that is meant,"
        " else take it out"
    }


def test_a_name_of_the_file_that_is_near_none_is_told_too() -> None:
    [said] = told({"SF_ZZZZZZZZZZZZZ": "x"}, ["SF_ZZZZZZZZZZZZZ"]).values()

    assert said.startswith("SF_ZZZZZZZZZZZZZ in .env is no setting: nobody reads it: ")


@pytest.mark.parametrize(
    "name", ["PATH", "POSTGRES_PASSWORD", "EDITOR", "GH_TOKEN", "COMPOSE_FILE", "DB_HOST"]
)
def test_a_name_of_the_file_that_is_somebody_elses_is_not_told(name: str) -> None:
    assert told({name: "x"}, [name]) == {}


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("JIRA_TOKN", "JIRA_TOKEN"),
        ("TRINO_HSOT", "TRINO_HOST"),
        ("WPE_DB_PASWORD", "WPE_DB_PASSWORD"),
        ("SF_CLIENTID", "SF_CLIENT_ID"),
    ],
)
def test_a_name_of_the_environment_is_told_when_it_is_almost_a_setting(name: str, nearest: str) -> None:
    [said] = told({name: "x"}).values()

    assert f"{name} in the environment is no setting" in said
    assert f"write {nearest} where" in said


@pytest.mark.parametrize(
    "service", ["jira", "trino", "temporal", "launchpad", "salesforce", "wpe-db", "sf", "lp"]
)
def test_what_kubernetes_puts_there_for_a_service_is_not_told(service: str) -> None:
    name = service.upper().replace("-", "_")
    links = {
        f"{name}_SERVICE_HOST": "10.0.0.1",
        f"{name}_SERVICE_PORT": "443",
        f"{name}_SERVICE_PORT_HTTPS": "443",
        f"{name}_PORT": "tcp://10.0.0.1:443",
        f"{name}_PORT_443_TCP": "tcp://10.0.0.1:443",
        f"{name}_PORT_443_TCP_ADDR": "10.0.0.1",
        f"{name}_PORT_443_TCP_PORT": "443",
        f"{name}_PORT_443_TCP_PROTO": "tcp",
    }

    assert told(links) == {}


@pytest.mark.parametrize(
    "name", ["GH_TOKEN", "CI_AUTH", "JOB_ID", "JOB_NAME", "LOG_DIR", "USER", "HOST", "PORT"]
)
def test_a_common_name_of_the_environment_is_not_told(name: str) -> None:
    assert told({name: "x"}) == {}


def test_a_port_from_kubernetes_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRINO_HOST", "trino.example")
    monkeypatch.setenv("TRINO_PORT", "tcp://10.96.0.12:8080")

    assert read_settings([TrinoSettings])[1] == [
        "TRINO_PORT (Kubernetes put the address of its service 'trino' there: set TRINO_PORT in the pod,"
        " or enableServiceLinks: false)"
    ]


@pytest.mark.parametrize("name", ["JIRA_TOKEN", "WPE_DB_DSN", "GCP_PRIVATE_KEY", "TEMPORAL_API_KEY"])
@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_secret_with_quotes_around_it_is_told_without_its_value(name: str, quote: str) -> None:
    [said] = told({name: f"{quote}hunter2{quote}"}).values()

    assert said.startswith(f"{name} has quotes around it, and they are taken as part of the secret")
    assert "hunter2" not in said


def test_quotes_that_are_no_pair_or_around_no_secret_are_not_told() -> None:
    assert told({"JIRA_TOKEN": "'hunter2", "WPE_DB_SCHEMA": '"analytics"', "SECRET": '"x"'}) == {}


def test_the_settings_of_a_plugin_are_known_and_its_secrets_too() -> None:
    class ForgeSettings(Settings):
        model_config = SettingsConfigDict(env_prefix="FORGE_")
        url: str
        token: SecretStr | None = None

    said = told({"FORGE_URL": "x", "FORGE_TOKEN": '"x"', "FORGE_URI": "x"}, ["FORGE_URL", "FORGE_URI"])

    assert ForgeSettings.__name__
    assert sorted(said) == ["FORGE_TOKEN", "FORGE_URI"]


def test_what_the_other_process_may_know_of_a_plugin_is_not_told() -> None:
    found = find_odd_names({"JIRA_EMEA_JQL": "x"}, ["JIRA_EMEA_JQL"], ("jira", "jira-emea"))

    assert found == []


def test_a_thousand_names_are_looked_at_in_no_time() -> None:
    links = {f"SERVICE_{number}_PORT_443_TCP_ADDR": "10.0.0.1" for number in range(3000)}
    links |= {f"JIRA_{os.urandom(3).hex().upper()}_URL": "x" for _ in range(300)}

    assert told(links) == {}
