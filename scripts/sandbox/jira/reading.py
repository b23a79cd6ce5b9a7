"""What did a client ask for? The parameters of a request, whether in its address or in its body."""

from typing import Any, cast

import orjson

from scripts.sandbox.exchange import Request, Response, answer_json
from scripts.sandbox.jira.catalogue import Json


class Refusal(Exception):  # noqa: N818  the name says what it is to a client
    """The request is answered with *status* and Jira's error body."""

    def __init__(self, status: int, *messages: str) -> None:
        super().__init__(f"{status}: {'; '.join(messages)}")
        self.status = status
        self.messages = messages

    @property
    def response(self) -> Response:
        """The answer."""
        return answer_json({"errorMessages": list(self.messages), "errors": {}}, self.status)


class Asked:
    """The parameters of one request."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._body = _parse_body(request) if request.method == "POST" else None

    def text(self, name: str) -> str | None:
        """A text, None where it is absent or empty."""
        value = self._body.get(name) if self._body is not None else self._request.query.get(name)
        return None if value in (None, "") else str(value)

    def texts(self, name: str) -> list[str]:
        """A list, however it is spelt: repeated, as JSON, or with commas."""
        found: Any = self._body.get(name) if self._body is not None else self._request.values(name)
        entries = found if isinstance(found, list) else [] if found is None else [found]
        return [part.strip() for entry in entries for part in str(entry).split(",") if part.strip()]

    def number(self, name: str, default: int, most: int | None = None) -> int:
        """A number of at least 0, at most *most*."""
        text = self.text(name)
        try:
            value = default if text is None else int(text)
        except ValueError:
            raise Refusal(400, f"The value of '{name}' is not a number.") from None
        if value < 0:
            raise Refusal(400, f"The value of '{name}' is negative.")
        return value if most is None else min(value, most)


def _parse_body(request: Request) -> Json:
    try:
        body = orjson.loads(request.body)
    except ValueError:
        raise Refusal(
            400, "Invalid request payload. Refer to the REST API documentation and try again."
        ) from None
    if not isinstance(body, dict):
        raise Refusal(400, "Invalid request payload. Refer to the REST API documentation and try again.")
    return cast(Json, body)
