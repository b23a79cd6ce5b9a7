"""Whose Launchpad work is there to fetch? Members of the directory, one parameter a member and type."""

import re
from datetime import timedelta
from typing import Final

from pydantic import JsonValue

from queuer.models.params import BacklogPage, BacklogRequest, params_method
from queuer.sources.launchpad.settings import LaunchpadBacklogSettings
from temporaletl.directory.connect import connect_directory
from temporaletl.directory.settings import DirectorySettings
from temporaletl.errors import QueryError

EVENT_TYPES: Final = ("bugs", "merge_proposals", "questions")
STRANGE: Final = "members whose Launchpad name is none"

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9+.-]*")


@params_method("launchpad", needs=(DirectorySettings, LaunchpadBacklogSettings))
def list_members(request: BacklogRequest, cursor: JsonValue) -> BacklogPage:
    """One page of members with a Launchpad name, each with every event type.

    Members are active, or left less than LAUNCHPAD_GRACE_DAYS before the window's end. The cursor is the
    directory's own. A member with several names is asked for by each.
    """
    if cursor is not None and not isinstance(cursor, str):
        raise QueryError("the Launchpad backlog's cursor is not the directory's: start the run anew")
    connections, window = request.connections, request.window
    grace = timedelta(days=connections.settings(LaunchpadBacklogSettings).grace_days)
    members, following = connect_directory(connections).read_account_holders(
        "launchpad", cursor, max(1, request.max_params // len(EVENT_TYPES)), window.date_end - grace
    )
    # Two records of one person name the same account: one job does their work.
    told = {name.strip().lower() for member in members for name in member.accounts.get("launchpad", ())} - {
        ""
    }
    # A job's arguments are kept in histories: what is no name may be an address.
    names = sorted(name for name in told if _NAME.fullmatch(name))
    common: dict[str, JsonValue] = {
        "source_kind_id": request.source_kind_id,
        "date_start": window.date_start.isoformat(),
        "date_end": window.date_end.isoformat(),
    }
    params = [
        {**common, "member": name, "event_type": event_type} for name in names for event_type in EVENT_TYPES
    ]
    strange = len(told) - len(names)
    return BacklogPage(params=params, cursor=following, notes={STRANGE: strange} if strange else {})
