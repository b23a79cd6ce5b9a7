"""How would the lake spell this issue? What the REST interface writes otherwise, in the lake's way."""

import re
from collections.abc import Mapping
from typing import Any, Final

from temporaletl.jira.connect import Json
from temporaletl.jira.settings import JiraRestSettings

_VERSION: Final = re.compile(r"/rest/api/(?:3|latest)/")


def spell_as_lake(issue: Json, settings: JiraRestSettings) -> Json:
    """*issue* with addresses of the site and of version 2.

    Addresses: of the issue, its comments and its worklogs, which is what events tell.
    """
    fields = issue.get("fields")
    spelled: Json = _readdress(issue, settings)
    if isinstance(fields, Mapping):
        lists = {
            name: {**holder, entries: [_readdress(entry, settings) for entry in holder[entries]]}
            for name, entries in (("comment", "comments"), ("worklog", "worklogs"))
            if isinstance(holder := fields.get(name), Mapping) and isinstance(holder.get(entries), list)
        }
        spelled["fields"] = {**fields, **lists}
    return spelled


def _readdress(item: Any, settings: JiraRestSettings) -> Any:
    address = item.get("self") if isinstance(item, Mapping) else None
    if not isinstance(address, str):
        return dict(item) if isinstance(item, Mapping) else item
    # A gateway tells its public address, whatever name we reach it by.
    _, through_gateway, path = address.partition(f"/ex/jira/{settings.cloud_id}/")
    if through_gateway:
        address = f"{settings.url}/{path}"
    return {**item, "self": _VERSION.sub("/rest/api/2/", address, count=1)}
