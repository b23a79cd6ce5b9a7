"""What do the end points below /issue and /changelog answer? One issue, its parts, many at once."""

from collections.abc import Sequence

from scripts.sandbox.exchange import Response, answer_json
from scripts.sandbox.jira.catalogue import Catalogue, Entry, Json, count_ms, read_time
from scripts.sandbox.jira.limits import Limits
from scripts.sandbox.jira.reading import Asked, Refusal
from scripts.sandbox.jira.shape import (
    EXPANDABLE,
    Listing,
    Style,
    count_created,
    embed,
    list_parts,
    select_fields,
)
from scripts.sandbox.jira.tricks import ListName, State
from scripts.sandbox.people import JIRA

INVISIBLE = "Issue does not exist or you do not have permission to see it."


class Issues:
    """Issues of a catalogue as one request sees them."""

    def __init__(self, catalogue: Catalogue, limits: Limits, style: Style, state: State) -> None:
        self._catalogue = catalogue
        self._limits = limits
        self._style = style
        self._state = state

    def answer_issue(self, name: str, asked: Asked) -> Response:
        """One issue, whole but for the lists inside it."""
        most = self._limits.embedded_histories_in_issue
        return answer_json(self.show(self._read(name), asked.texts("fields"), asked, most, "*all"))

    def answer_many(self, asked: Asked) -> Response:
        """Issues by id or key, in order of id; those that cannot be read are named."""
        names = asked.texts("issueIdsOrKeys")
        if not 1 <= len(names) <= self._limits.bulk_issues:
            raise Refusal(400, f"The number of issues has to be from 1 to {self._limits.bulk_issues}.")
        entries, errors = self._find_many(names)
        most = self._limits.embedded_histories_in_search
        shown = [self.show(entry, asked.texts("fields"), asked, most, "*navigable") for entry in entries]
        refused = [{"id": name, "errorMessage": INVISIBLE} for name in errors]
        return answer_json({"expand": EXPANDABLE, "issues": shown, "issueErrors": refused})

    def answer_parts(self, name: str, list_name: ListName, asked: Asked) -> Response:
        """A page of an issue's comments or worklogs, oldest first."""
        entry = self._read(name)
        listing = list_parts(self._catalogue.body(entry.number), list_name, entry.number, self._state)
        entries = [part for part in listing.entries if _is_started_inside(part, asked)]
        if (asked.text("orderBy") or "").lstrip("+-") == "created":
            descending = (asked.text("orderBy") or "").startswith("-")
            entries.sort(key=lambda part: read_time(part["created"]), reverse=descending)
        if list_name == "worklogs" and not self._style.is_cloud:
            start, size = 0, listing.total
        else:
            start, size = asked.number("startAt", 0), self._size(asked)
        shown = self._style.show(entries[start : start + size])
        counts = {"startAt": start, "maxResults": size, "total": listing.total}
        return answer_json({**counts, list_name: shown})

    def answer_changelog(self, name: str, asked: Asked) -> Response:
        """A page of an issue's histories, oldest first."""
        entry = self._read(name)
        listing = list_parts(self._catalogue.body(entry.number), "histories", entry.number, self._state)
        start, size = asked.number("startAt", 0), self._size(asked)
        here = f"{JIRA}/rest/api/{self._style.version}/issue/{name}/changelog"
        body: Json = {"self": f"{here}?startAt={start}&maxResults={size}"}
        if start + size < listing.total:
            body["nextPage"] = f"{here}?startAt={start + size}&maxResults={size}"
        body |= {"maxResults": size, "startAt": start, "total": listing.total}
        body["isLast"] = start + size >= listing.total
        body["values"] = self._style.show(listing.entries[start : start + size])
        return answer_json(body)

    def answer_changelogs(self, asked: Asked) -> Response:
        """A page of the histories of many issues, oldest first; times are milliseconds since 1970."""
        names, most = asked.texts("issueIdsOrKeys"), self._limits.bulk_changelogs
        if not 1 <= len(names) <= most:
            raise Refusal(400, f"The number of issues has to be from 1 to {most}.")
        entries, _ = self._find_many(names)
        wanted = set(asked.texts("fieldIds"))
        histories = [
            (entry.id, history)
            for entry in entries
            for history in self._histories(entry)
            if not wanted or not wanted.isdisjoint(item.get("fieldId") for item in history["items"])
        ]
        histories.sort(
            key=lambda found: (read_time(found[1]["created"]), found[0], int(found[1].get("id", 0)))
        )
        token = asked.text("nextPageToken")
        if token is not None and not token.isdigit():
            raise Refusal(400, "The nextPageToken is invalid.")
        start = int(token or 0)
        end = start + asked.number("maxResults", 1000, self._limits.bulk_histories)
        logs: dict[int, list[Json]] = {}
        for issue_id, history in histories[start:end]:
            logs.setdefault(issue_id, []).append(self._style.show(count_created(history)))
        body: Json = {
            "issueChangeLogs": [
                {"issueId": str(issue_id), "changeHistories": shown} for issue_id, shown in logs.items()
            ]
        }
        if end < len(histories):
            body["nextPageToken"] = str(end)
        return answer_json(body)

    def show(self, entry: Entry, wanted: Sequence[str], asked: Asked, histories: int, default: str) -> Json:
        """An issue with the fields that are *wanted* and, where asked for, its latest histories."""
        body, number = self._catalogue.body(entry.number), entry.number
        fields = select_fields(body["fields"], wanted, default)
        limits, cloud = self._limits, self._style.is_cloud
        if isinstance(fields.get("comment"), dict):
            comments = list_parts(body, "comments", number, self._state)
            fields["comment"] = embed("comments", comments, limits.embedded_parts if cloud else None)
        state = self._state
        fields = {
            name: None if (number, name) in state.nulled else value
            for name, value in fields.items()
            if (number, name) not in state.hidden and (name != "worklog" or state.tracks_time)
        }
        if isinstance(fields.get("worklog"), dict):
            fields["worklog"] = embed("worklogs", self._worklogs(body, number), limits.embedded_parts)
        shown: Json = {
            "expand": EXPANDABLE,
            "id": body["id"],
            "self": f"{JIRA}/rest/api/2/issue/{body['id']}",
            "key": body["key"],
            "fields": fields,
        }
        if "changelog" in asked.texts("expand"):
            listing = list_parts(body, "histories", number, self._state)
            # A Data Center gives all of them, oldest first; the Cloud the newest ones.
            shown["changelog"] = embed("histories", listing, histories if cloud else None, newest_first=cloud)
        styled: Json = self._style.show(shown)
        return styled

    def _worklogs(self, body: Json, number: int) -> Listing:
        return list_parts(body, "worklogs", number, self._state)

    def _histories(self, entry: Entry) -> Sequence[Json]:
        body = self._catalogue.body(entry.number)
        return list_parts(body, "histories", entry.number, self._state).entries

    def _read(self, name: str) -> Entry:
        entry = self._catalogue.find(name)
        if entry is None or not self._state.is_readable(entry.number):
            raise Refusal(404, INVISIBLE)
        return entry

    def _find_many(self, names: Sequence[str]) -> tuple[list[Entry], list[str]]:
        found: dict[int, Entry] = {}
        errors = []
        for name in names:
            entry = self._catalogue.find(name)
            if entry is None or not self._state.is_readable(entry.number):
                errors.append(name)
            else:
                found[entry.id] = entry
        return [found[issue_id] for issue_id in sorted(found)], errors

    def _size(self, asked: Asked) -> int:
        return asked.number("maxResults", 100, self._limits.parts)


def _is_started_inside(part: Json, asked: Asked) -> bool:
    if "started" not in part:
        return True
    started = count_ms(read_time(part["started"]))
    after, before = asked.number("startedAfter", 0), asked.number("startedBefore", started + 1)
    return after <= started < before
