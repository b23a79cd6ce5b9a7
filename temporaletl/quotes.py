"""Take off the quotes that something else left around a whole value of the environment.

python-dotenv takes them off; ``docker run --env-file`` and a Kubernetes secret made from a .env file make
them part of the value (python-dotenv#545, docker/cli#3630).
"""

import re
from typing import Any, Final, override

from pydantic import SecretBytes, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource
from pydantic_settings.sources.types import EnvNoneType

_QUOTED: Final = re.compile(r"'((?:\\.|[^'\\])*)'|\"((?:\\.|[^\"\\])*)\"", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\([\\'\"])")


def unquote(text: str) -> str:
    """*text* without the one pair of quotes around the whole of it; any other text as it is.

    ============================  ==========================
    "Active Employee"             Active Employee
    '{"labels": "labels"}'        {"labels": "labels"}
    "{\\"labels\\": \\"labels\\"}"    {"labels": "labels"}
    "Team" = "x"                  "Team" = "x"
    'A                            'A
    ============================  ==========================
    """
    found = _QUOTED.fullmatch(text.strip())
    if found is None:
        return text
    return _ESCAPED.sub(r"\1", found[1] if found[1] is not None else found[2])


def is_quoted(text: str) -> bool:
    """Whether one pair of quotes stands around the whole of *text*."""
    return _QUOTED.fullmatch(text.strip()) is not None


def is_secret(field: FieldInfo) -> bool:
    """Whether *field* holds a secret, whose quotes may be part of it."""
    return any(secret.__name__ in str(field.annotation) for secret in (SecretStr, SecretBytes))


class UnquotedEnvironment(EnvSettingsSource):
    """The environment as pydantic-settings reads it, without quotes around values that are no secrets."""

    @override
    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        value, key, is_complex = super().get_field_value(field, field_name)
        if isinstance(value, str) and not isinstance(value, EnvNoneType) and not is_secret(field):
            value = unquote(value)
            if value == self.env_parse_none_str:
                value = EnvNoneType(value)
            elif not value and self.env_ignore_empty:
                value = None
        return value, key, is_complex

    @override
    def prepare_field_value(
        self, field_name: str, field: FieldInfo, value: Any, value_is_complex: bool
    ) -> Any:
        try:
            return super().prepare_field_value(field_name, field, value, value_is_complex)
        except ValueError:
            # No JSON where JSON is needed: the model says so, by the setting's name.
            return value
