"""How would the lake spell this issue? What the REST interface writes otherwise, in the lake's way."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from temporaletl.jira.connect import Json
from temporaletl.jira.settings import JiraRestSettings

_VERSION: Final = re.compile(r"/rest/api/(?:3|latest)/")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def spell_as_lake(issue: Json, settings: JiraRestSettings) -> Json:
    """*issue* with addresses of the site and of version 2, and with times as texts.

    Addresses: of the issue, its comments and its worklogs, which is what events tell.
    """
    fields = issue.get("fields")
    changelog = issue.get("changelog")
    spelled: Json = _readdress(issue, settings)
    if isinstance(fields, Mapping):
        lists = {
            name: {**holder, entries: [_readdress(entry, settings) for entry in holder[entries]]}
            for name, entries in (("comment", "comments"), ("worklog", "worklogs"))
            if isinstance(holder := fields.get(name), Mapping) and isinstance(holder.get(entries), list)
        }
        spelled["fields"] = {**fields, **lists}
    if isinstance(changelog, Mapping) and isinstance(changelog.get("histories"), list):
        spelled["changelog"] = {
            **changelog,
            "histories": [_retime(history) for history in changelog["histories"]],
        }
    return spelled


def _readdress(item: Any, settings: JiraRestSettings) -> Any:
    address = item.get("self") if isinstance(item, Mapping) else None
    if not isinstance(address, str):
        return dict(item) if isinstance(item, Mapping) else item
    if address.startswith(f"{settings.gateway_url}/ex/jira/"):
        address = settings.url + address[address.find("/rest/") :]
    return {**item, "self": _VERSION.sub("/rest/api/2/", address, count=1)}


def _retime(history: Any) -> Any:
    created = history.get("created") if isinstance(history, Mapping) else None
    if not isinstance(created, int) or isinstance(created, bool):
        return history
    try:
        moment = _EPOCH + timedelta(milliseconds=created)
    except OverflowError:
        return history
    return {**history, "created": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"}
