"""How are Salesforce cases fetched? Whole, with comments and history, in pages of ids."""

import re
from collections.abc import Iterator, Sequence
from itertools import batched
from typing import Final

from pydantic import JsonValue

from temporaletl.contract import DocumentReject, Page
from temporaletl.errors import QueryError
from temporaletl.salesforce import Record, Salesforce, ShortAnswerError, connect_salesforce, fill_question
from temporaletl.statements import read_statement
from worker.models.extract import extract_method
from worker.models.size import TOO_LARGE, measure
from worker.sources.salesforce.document import build_document, document_id, find_users
from worker.sources.salesforce.ids import read_id
from worker.sources.salesforce.query import SalesforceQuery
from worker.sources.salesforce.settings import CasesSettings

PAGE_CASES: Final = 100
"""Cases a page: their ids make a question of some 3 KB, and Salesforce takes addresses of 16 KB."""

USERS_PER_QUESTION: Final = 200

CHILDREN_PER_QUESTION: Final = 2_000
"""Comments or history rows a question: what Salesforce gives in one answer where they are not long."""

UNSEEN: Final = "cases gone or out of our sight"

_CHANGED: Final = (
    ("changed_cases.soql", "Id"),
    ("changed_comments.soql", "ParentId"),
    ("added_history.soql", "CaseId"),
)
_FIRST_CASE, _FIRST_COMMENT, _FIRST_HISTORY = (f"{kind}{0:012d}" for kind in ("500", "00a", "017"))


@extract_method("salesforce-cases")
def extract_cases(query: SalesforceQuery, cursor: JsonValue) -> Iterator[Page]:
    """The cases of *query*, PAGE_CASES at a time; the cursor is the last id, in the order of code points.

    Cases in the recycle bin become deleted documents. Those that Salesforce does not show are counted as
    skipped: their absence deletes nothing.
    """
    if cursor is not None and not isinstance(cursor, str):
        raise QueryError("the cursor of salesforce-cases is not a case id: run the job anew")
    connections = query.connections
    salesforce = connect_salesforce(connections, connections.pacer(query.source_kind_id))
    further_fields = connections.settings(CasesSettings).case_fields
    reader = _CaseReader(salesforce, further_fields, query.max_document_bytes)
    wanted = _name_cases(query) if query.ids is not None else _find_cases(salesforce, query)
    for ids in batched(sorted(case for case in wanted if cursor is None or case > cursor), PAGE_CASES):
        yield reader.read_page(ids)


def _name_cases(query: SalesforceQuery) -> set[str]:
    """The named cases; a name that is no id stays, to be counted."""
    return {read_id(name) or name for name in query.ids or ()}


def _find_cases(salesforce: Salesforce, query: SalesforceQuery) -> set[str]:
    """The cases of the range that changed in the window, by themselves or by a row of theirs."""
    window = query.window
    found: set[str] = set()
    for name, field in _CHANGED:
        question = fill_question(
            _read(name),
            start=window.start,
            end=window.end,
            after=query.after or _FIRST_CASE,
            upto=query.upto or "",
        )
        found.update(str(row[field]) for row in salesforce.ask(question, include_deleted=True))
    return found


class _Children:
    """The rows of some cases, gathered list by list, and why a case cannot be had whole.

    Attributes:
        rows: by the list's name and by case.
        faults: the reason by case; such a case's rows are not kept.
    """

    def __init__(self, max_bytes: int) -> None:
        self.rows: dict[str, dict[str, list[Record]]] = {"comments": {}, "history": {}}
        self.faults: dict[str, str] = {}
        self._max_bytes = max_bytes
        self._sizes: dict[str, dict[str, int]] = {name: {} for name in self.rows}

    def begin(self, name: str, cases: Sequence[str]) -> None:
        """Forget what was gathered of a list."""
        for case in cases:
            self.rows[name][case] = []
            self._sizes[name][case] = 0

    def add(self, name: str, case: str, row: Record) -> None:
        """One more row of *case*, unless the case was given up or becomes too large by it."""
        if case in self.faults:
            return
        self._sizes[name][case] = self._sizes[name].get(case, 0) + measure(dict(row))
        if sum(sizes.get(case, 0) for sizes in self._sizes.values()) > self._max_bytes:
            self.give_up(case, TOO_LARGE)
        else:
            self.rows[name].setdefault(case, []).append(row)

    def give_up(self, case: str, reason: str) -> None:
        """The case cannot be had whole."""
        self.faults.setdefault(case, reason)
        for rows in self.rows.values():
            rows[case] = []


class _CaseReader:
    """Reads whole cases. It asks for each user once, and remembers them as long as its job runs."""

    def __init__(self, salesforce: Salesforce, further_fields: Sequence[str], max_bytes: int) -> None:
        self._salesforce = salesforce
        self._max_bytes = max_bytes
        template = _read("cases.soql")
        # Owner.Type asks for no Owner: a name that is no field of Case is Salesforce's to refuse.
        asked = set(re.findall(r"[\w.]+", template.casefold()))
        # Salesforce refuses a question that names a field twice.
        further = {field.casefold(): field for field in further_fields if field.casefold() not in asked}
        self._further = "".join(f", {field}" for field in further.values())
        self._users: dict[str, Record] = {}

    def read_page(self, wanted: Sequence[str]) -> Page:
        """The documents of the cases *wanted*, which are not empty and in the cursor's order."""
        ids = [case for case in wanted if read_id(case) is not None]
        question = fill_question(_read("cases.soql"), ids=ids, further=self._further) if ids else None
        cases = list(self._salesforce.ask(question, include_deleted=True)) if question else []
        by_id = {str(case["Id"]): case for case in cases}
        seen = sorted(by_id)
        children = _Children(self._max_bytes)
        self._read_whole(children, "comments", "ParentId", _FIRST_COMMENT, seen)
        self._read_whole(children, "history", "CaseId", _FIRST_HISTORY, seen)
        whole = [case for case in seen if case not in children.faults]
        comments, history = children.rows["comments"], children.rows["history"]
        self._meet([row for case in whole for row in (by_id[case], *comments[case], *history[case])])
        rejects = [DocumentReject(document_id(case), why) for case, why in sorted(children.faults.items())]
        unseen = len(wanted) - len(by_id)
        return Page(
            tuple(build_document(by_id[case], comments[case], history[case], self._users) for case in whole),
            wanted[-1],
            tuple(rejects),
            {UNSEEN: unseen} if unseen else {},
        )

    def _read_whole(
        self, children: _Children, name: str, parent: str, first: str, ids: Sequence[str]
    ) -> None:
        """All rows of the cases *ids*. A case of which even its own answer lacks some is given up."""
        children.begin(name, ids)
        try:
            self._read_rows(children, name, parent, first, ids)
        except ShortAnswerError:
            if len(ids) == 1:
                children.give_up(ids[0], f"{name} incomplete")
                return
            for case in ids:
                self._read_whole(children, name, parent, first, [case])

    def _read_rows(self, children: _Children, name: str, parent: str, first: str, ids: Sequence[str]) -> None:
        """The rows of the cases *ids*, in pages by the rows' own ids."""
        after = first
        while ids:
            question = fill_question(
                _read(f"{name}.soql"), ids=list(ids), after=after, limit=CHILDREN_PER_QUESTION
            )
            rows = list(self._salesforce.ask(question, include_deleted=True))
            for row in rows:
                children.add(name, str(row[parent]), row)
            if len(rows) < CHILDREN_PER_QUESTION:
                break
            after = str(rows[-1]["Id"])

    def _meet(self, rows: Sequence[Record]) -> None:
        """Get to know the users whom *rows* name."""
        strangers = [user for user in find_users(rows) if user not in self._users]
        for ids in batched(strangers, USERS_PER_QUESTION):
            question = fill_question(_read("users.soql"), ids=ids)
            for user in self._salesforce.ask(question):
                self._users[str(user["Id"])] = user


def _read(name: str) -> str:
    return read_statement(__package__, name)
