"""Know every setting by its name, and name those of the environment that are none but look like one.

A name in ``.env`` was written for us: one that begins like ours is looked at. The environment is shared with
others, and Kubernetes puts names such as JIRA_PORT there: a name counts only where it is almost a setting.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic_settings import BaseSettings

import temporaletl.directory.settings
import temporaletl.jira.settings  # noqa: F401 - know_names has only the models that are imported
from temporaletl.findings import Finding
from temporaletl.quotes import is_quoted, is_secret

MAX_EDITS: Final = 2
"""So many letters may a name of the environment differ from a setting to count as meant for it."""

TEMPORALS_OWN: Final = frozenset(
    {
        "TEMPORAL_ADDRESS", "TEMPORAL_API_KEY", "TEMPORAL_CODEC_AUTH", "TEMPORAL_CODEC_ENDPOINT",
        "TEMPORAL_CORE_PRETTY_LOGS", "TEMPORAL_MAX_INCOMING_GRPC_BYTES",
        "TEMPORAL_POLL_SHUTDOWN_INTERRUPT_WAIT_MS", "TEMPORAL_PRINT_FULL_PAYLOADS",
        "TEMPORAL_PROFILE", "TEMPORAL_TLS", "TEMPORAL_TLS_CLIENT_CERT_DATA", "TEMPORAL_TLS_CLIENT_CERT_PATH",
        "TEMPORAL_TLS_CLIENT_KEY_DATA", "TEMPORAL_TLS_CLIENT_KEY_PATH",
        "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", "TEMPORAL_TLS_SERVER_CA_CERT_DATA",
        "TEMPORAL_TLS_SERVER_CA_CERT_PATH", "TEMPORAL_TLS_SERVER_NAME",
        "TEMPORAL_WORKFLOW_TASK_DURATION_WARN_SECONDS",
    }
)  # fmt: skip
"""What Temporal's library reads by itself, besides TEMPORAL_GRPC_META_<header>."""

TEMPORALS_SECRETS: Final = frozenset({"TEMPORAL_API_KEY", "TEMPORAL_TLS_CLIENT_KEY_DATA"})

OF_THE_SOURCES: Final = frozenset(
    {
        "JIRA_BASE_URL", "JIRA_COPIED_FIELDS", "JIRA_FIELDS", "JIRA_PROMOTED_FIELDS",
        "JIRA_REQUESTS_PER_SECOND", "JIRA_SYSTEM_ACCOUNTS", "JIRA_USER_FIELDS",
        "LAUNCHPAD_CONNECT_TIMEOUT_S", "LAUNCHPAD_GRACE_DAYS", "LAUNCHPAD_ITEMS_AT_ONCE",
        "LAUNCHPAD_OUTSIDERS", "LAUNCHPAD_READ_TIMEOUT_S", "LAUNCHPAD_REQUESTS_PER_SECOND",
        "LAUNCHPAD_SERVICE_ROOT", "LAUNCHPAD_TRUSTED_ORIGINS", "LP_ACCESS_TOKEN_KEY",
        "LP_ACCESS_TOKEN_SECRET", "LP_CONSUMER_KEY", "LP_CONSUMER_SECRET", "MAX_ANSWER_BYTES",
        "SALESFORCE_BASE_URL", "SALESFORCE_CASES", "SALESFORCE_CASE_FIELDS",
        "SALESFORCE_REQUESTS_PER_SECOND", "SALESFORCE_SYSTEM_ACCOUNTS",
    }
)  # fmt: skip
"""Settings of our own sources. One .env serves both processes, and each can import its own models only."""


@dataclass(frozen=True, slots=True)
class KnownNames:
    """Every setting that somebody reads.

    Attributes:
        names: the variables, in upper case.
        secrets: those whose value is a secret.
        families: how our own begin (``JIRA_``). Others' plug-ins have none: the other process may read more.
    """

    names: frozenset[str]
    secrets: frozenset[str]
    families: tuple[str, ...]


def variables_of(model: type[BaseSettings]) -> Mapping[str, bool]:
    """The variables that *model* reads, and whether each is a secret."""
    prefix = str(model.model_config.get("env_prefix") or "")
    return {
        str(field.validation_alias or f"{prefix}{name}").upper(): is_secret(field)
        for name, field in model.model_fields.items()
    }


def know_names(sources: Iterable[str]) -> KnownNames:
    """The settings of every model that is imported, and ``<SOURCE>_REQUESTS_PER_SECOND`` of *sources*."""
    ours = set(TEMPORALS_OWN | OF_THE_SOURCES)
    names = {*ours, *(f"{rate_prefix(source)}REQUESTS_PER_SECOND".upper() for source in sources)}
    secrets = set(TEMPORALS_SECRETS)
    for model in _models_below(BaseSettings):
        variables = variables_of(model)
        names.update(variables)
        secrets.update(name for name, secret in variables.items() if secret)
        if model.__module__.startswith("temporaletl."):
            ours.update(variables)
    families = {f"{name.partition('_')[0]}_" for name in ours if "_" in name}
    return KnownNames(frozenset(names), frozenset(secrets), tuple(sorted(families)))


def rate_prefix(source: str) -> str:
    """What the settings of *source* begin with."""
    return f"{source.replace('-', '_')}_"


def find_odd_names(
    environment: Mapping[str, str], env_file: Iterable[str], sources: Iterable[str]
) -> list[Finding]:
    """What of *environment* looks like a setting and is none, and which secrets have quotes around them.

    *env_file* are the names that .env has; *sources* those that were discovered.
    """
    sources = tuple(sources)
    known = know_names(sources)
    plugins = tuple(rate_prefix(source).upper() for source in sources)
    written = {name.upper() for name in env_file}
    found = []
    for name, value in sorted(environment.items()):
        variable = name.upper()
        if variable in known.names or variable.startswith("TEMPORAL_GRPC_META_"):
            if variable in known.secrets and is_quoted(value):
                found.append(_quoted_secret(variable))
        elif variable in written:
            begins_like_ours = variable.startswith(known.families) and not _is_plugins(variable, plugins)
            if begins_like_ours or _almost(variable, known.names):
                found.append(_unknown(name, ".env", _nearest(variable, known.names)))
        elif not _is_kubernetes(variable, value) and (nearest := _almost(variable, known.names)):
            found.append(_unknown(name, "the environment", nearest))
    return found


def _is_plugins(variable: str, plugins: tuple[str, ...]) -> bool:
    """Whether it begins like a plug-in whose settings another process may know (``JIRA_EMEA_``)."""
    own = {f"{name.partition('_')[0]}_" for name in OF_THE_SOURCES}
    return variable.startswith(tuple(prefix for prefix in plugins if prefix not in own))


def is_injected(value: str) -> bool:
    """Whether Kubernetes put *value* there: the address of a service, as its old container links had it."""
    return value.startswith(("tcp://", "udp://", "sctp://"))


def _is_kubernetes(variable: str, value: str) -> bool:
    return is_injected(value) or variable.endswith(("_SERVICE_HOST", "_SERVICE_PORT"))


def _quoted_secret(variable: str) -> Finding:
    return Finding(
        variable,
        f"{variable} has quotes around it, and they are taken as part of the secret",
        "where they are not part of it, take them off: docker run --env-file and Kubernetes keep quotes",
    )


def _unknown(name: str, place: str, nearest: str | None) -> Finding:
    meant = f"write {nearest} where that is meant, else" if nearest else "look into .env.example, or"
    return Finding(name, f"{name} in {place} is no setting: nobody reads it", f"{meant} take it out")


def _almost(variable: str, names: Iterable[str]) -> str | None:
    """The setting that *variable* is within MAX_EDITS letters of, the closest one."""
    close = sorted(
        name
        for name in names
        if _within(variable, name, MAX_EDITS) and not _is_of_another_family(variable, name)
    )
    return next(
        (name for name in close if _within(variable, name, MAX_EDITS - 1)), close[0] if close else None
    )


def _is_of_another_family(variable: str, name: str) -> bool:
    """Whether the first word is another one: two letters are all that GH_TOKEN and SF_TOKEN differ in."""
    return variable[:1] != name[:1] and name.find("_") <= MAX_EDITS


def _within(one: str, other: str, edits: int) -> bool:
    """Whether so many letters added, left out or exchanged make *other* of *one*."""
    if abs(len(one) - len(other)) > edits:
        return False
    ends = min(len(one), len(other))
    same = next((place for place in range(ends) if one[place] != other[place]), ends)
    one, other = one[same:], other[same:]
    if not one or not other:
        return True
    return edits > 0 and any(
        _within(left, right, edits - 1)
        for left, right in ((one[1:], other), (one, other[1:]), (one[1:], other[1:]))
    )


def _nearest(variable: str, names: Iterable[str]) -> str | None:
    longer = max((name for name in names if variable.startswith(name)), key=len, default=None)
    close = difflib.get_close_matches(variable, sorted(names), n=1)
    return _almost(variable, names) or longer or (close[0] if close else None)


def _models_below(model: type[BaseSettings]) -> Iterator[type[BaseSettings]]:
    for below in model.__subclasses__():
        yield below
        yield from _models_below(below)
