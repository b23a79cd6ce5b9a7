"""Which Launchpad settings are complete, and what is said of those that are not?"""

from typing import Any

import pytest
from pydantic import ValidationError

from temporaletl.environment import read_settings
from worker.external.launchpad.settings import PRODUCTION, LaunchpadSettings

NAMES = (
    *("LP_CONSUMER_KEY", "LP_CONSUMER_SECRET", "LP_ACCESS_TOKEN_KEY", "LP_ACCESS_TOKEN_SECRET"),
    "LAUNCHPAD_SERVICE_ROOT",
)
TOKEN = {"access_token_key": "k", "access_token_secret": "s"}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("values", "sign_in", "root"),
    [
        ({"consumer_key": "us"}, "anonymous", PRODUCTION),
        ({"service_root": "http://127.0.0.1:1"}, "anonymous", "http://127.0.0.1:1/"),
        ({"service_root": "https://lp.example.com/devel/"}, "anonymous", "https://lp.example.com/"),
        ({"consumer_key": "us", "consumer_secret": "c", **TOKEN}, "oauth", PRODUCTION),
        ({"consumer_key": "us", **TOKEN}, "oauth", PRODUCTION),
    ],
)
def test_a_name_or_a_server_is_enough_and_a_token_signs_in(
    values: dict[str, Any], sign_in: str, root: str
) -> None:
    settings = LaunchpadSettings(**values)

    assert (settings.sign_in, settings.root) == (sign_in, root)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, ["LP_CONSUMER_KEY", "LAUNCHPAD_SERVICE_ROOT"]),
        ({"consumer_key": "us", "access_token_key": "k"}, ["LP_ACCESS_TOKEN_SECRET (missing"]),
        ({"consumer_key": "us", "access_token_secret": "s"}, ["LP_ACCESS_TOKEN_KEY (missing"]),
        ({"consumer_key": "us", "consumer_secret": "c"}, ["LP_ACCESS_TOKEN_KEY, LP_ACCESS_TOKEN_SECRET"]),
        (TOKEN, ["LP_CONSUMER_KEY (missing"]),
        ({"service_root": "lp.example.com"}, [PRODUCTION]),
        ({"service_root": "http://lp.example.com", "consumer_key": "us", **TOKEN}, ["use https"]),
        ({"consumer_key": "us", "read_timeout_s": 0}, ["greater than 0"]),
    ],
)
def test_what_is_missing_or_wrong_is_named(values: dict[str, Any], said: list[str]) -> None:
    with pytest.raises(ValidationError) as caught:
        LaunchpadSettings(**values)

    assert all(text in str(caught.value) for text in said)


def test_without_any_of_them_the_source_is_not_configured() -> None:
    read, problems = read_settings([LaunchpadSettings])

    assert read == []
    assert problems[0].startswith("LP_CONSUMER_KEY (missing")


def test_the_names_of_earlier_deployments_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES[:4]:
        monkeypatch.setenv(name, name.lower())
    settings = LaunchpadSettings()

    assert (settings.application, settings.sign_in) == ("lp_consumer_key", "oauth")
    assert "lp_access_token_secret" not in repr(settings)
