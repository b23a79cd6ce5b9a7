"""Trino, Salesforce and identity settings say what is missing, by the names the operator sets."""

import os

import pytest

from temporaletl.environment import read_settings
from temporaletl.settings import IdentitySettings, SalesforceSettings, TrinoSettings

NAMES = ("TRINO_", "SF_", "GCP_", "ANONYMISATION_")


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in list(os.environ):
        if name.startswith(NAMES):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))


def set_all(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("secrets", "sign_in"),
    [
        ({}, "none"),
        ({"TRINO_PASSWORD": "x"}, "basic"),
        ({"TRINO_PASSWORD": "x", "TRINO_JWT": "y"}, "jwt"),
        ({"TRINO_JWT": "y", "GCP_PRIVATE_KEY": "z", "GCP_CLIENT_EMAIL": "a@b.example"}, "gcp"),
        ({"TRINO_AUTH": "none", "TRINO_PASSWORD": "x"}, "none"),
        ({"TRINO_AUTH": "", "TRINO_PASSWORD": "x"}, "basic"),
    ],
)
def test_trino_signs_in_with_whichever_secret_is_set(
    monkeypatch: pytest.MonkeyPatch, secrets: dict[str, str], sign_in: str
) -> None:
    set_all(monkeypatch, TRINO_HOST="trino.example", **secrets)
    assert TrinoSettings().sign_in == sign_in


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({}, "TRINO_HOST (missing)"),
        ({"TRINO_HOST": "x", "TRINO_AUTH": "basic"}, "TRINO_PASSWORD (missing, TRINO_AUTH=basic needs it)"),
        (
            {"TRINO_HOST": "x", "TRINO_AUTH": "gcp"},
            "GCP_PRIVATE_KEY, GCP_CLIENT_EMAIL (missing, TRINO_AUTH=gcp needs it)",
        ),
    ],
)
def test_what_trino_lacks_is_named(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], problem: str
) -> None:
    set_all(monkeypatch, **values)
    assert read_settings([TrinoSettings]) == ([], [problem])


def test_a_secret_over_http_has_to_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, TRINO_HOST="x", TRINO_HTTP_SCHEME="http", TRINO_PASSWORD="hidden")
    [problem] = read_settings([TrinoSettings])[1]
    assert "TRINO_ALLOW_INSECURE_AUTH" in problem
    assert "hidden" not in problem
    monkeypatch.setenv("TRINO_ALLOW_INSECURE_AUTH", "true")
    assert TrinoSettings().sign_in == "basic"


@pytest.mark.parametrize(
    ("values", "sign_in"),
    [
        ({"SF_USERNAME": "u", "SF_PASSWORD": "p", "SF_TOKEN": "t"}, "soap"),
        ({"SF_CLIENT_ID": "i", "SF_CLIENT_SECRET": "s", "SF_USERNAME": "u"}, "client_credentials"),
        ({"SF_CLIENT_ID": "i", "SF_PRIVATE_KEY": "k", "SF_USERNAME": "u"}, "jwt"),
    ],
)
def test_salesforce_signs_in_with_whichever_secret_is_set(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], sign_in: str
) -> None:
    set_all(monkeypatch, **values)
    assert SalesforceSettings().sign_in == sign_in


def test_what_salesforce_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SF_CLIENT_SECRET", "s")
    assert read_settings([SalesforceSettings])[1] == [
        "SF_CLIENT_ID (missing, SF_AUTH=client_credentials needs it)"
    ]


def test_a_key_is_required_unless_the_earlier_pseudonyms_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings([IdentitySettings])[1] == [
        "ANONYMISATION_KEY (missing, ANONYMISATION_MODE=hmac needs it)"
    ]
    monkeypatch.setenv("ANONYMISATION_MODE", "legacy")
    assert IdentitySettings().anonymisation_key is None
