"""Which Salesforce cases changed inside the window? Slices of ids, cut from three sorted answers.

A case is changed by itself, by a comment or by a history row, deleted ones included. SOQL joins no three
objects by OR, so each is asked for the ids of its cases. Ids are never compared here: organisations
have been seen to sort them in more than one way, and Salesforce alone knows which is its own.
"""

from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from queuer.models.params import BacklogPage, BacklogRequest, Params, params_method
from queuer.sources.salesforce.settings import CasesSettings
from temporaletl.errors import QueryError
from temporaletl.salesforce import Salesforce, connect_salesforce, fill_question
from temporaletl.statements import read_statement

EVENT_TYPE: Final = "cases"

FIRST_CASE: Final = "500000000000000"
"""Before the id of every case: no organisation gives it to one."""

_QUESTIONS: Final = (
    ("changed_cases.soql", "Id"),
    ("added_history.soql", "CaseId"),
    ("changed_comments.soql", "ParentId"),
)


@params_method("salesforce", needs=(CasesSettings,))
def find_changed_cases(request: BacklogRequest, cursor: JsonValue) -> BacklogPage:
    """One page of slices of the cases that changed inside the window, in Salesforce's own order.

    A slice spans the ids after ``after`` (null: from the first) up to ``upto`` and holds about job_size
    cases: at least one of the three answers says so, the others may add to it. The cursor is the last id.
    """
    if cursor is not None and not isinstance(cursor, str):
        raise QueryError("the backlog's cursor is not a Salesforce id: start the run anew")
    salesforce = connect_salesforce(request.connections, request.connections.pacer(request.source_kind_id))
    last = [row["Id"] for row in salesforce.ask(_read("last_case.soql"), include_deleted=True)]
    if not last:
        return BacklogPage(params=(), cursor=None)
    answers = _Answers(salesforce, request, cursor or FIRST_CASE)
    upto, ids = answers.read(str(last[0]))
    common: dict[str, JsonValue] = {
        "source_kind_id": request.source_kind_id,
        "date_start": request.window.date_start.isoformat(),
        "date_end": request.window.date_end.isoformat(),
    }
    params: list[Params] = []
    after = cursor
    for end in _cut(ids, request.job_size, upto):
        params.append({**common, "after": after, "upto": end})
        after = end
    return BacklogPage(params=params, cursor=None if upto == last[0] else upto)


@dataclass(frozen=True, slots=True)
class _Answers:
    """The three answers about the cases after *after*, each of at most a page's rows."""

    salesforce: Salesforce
    request: BacklogRequest
    after: str

    def read(self, last: str) -> tuple[str, list[str]]:
        """How far all three answers reach, and the ids of the one that has the most up to there.

        An answer that is full ends where its last row is; the answers before it are cut there, and the
        ones after it are asked for no more.
        """
        upto = last
        found: dict[tuple[str, str], list[str]] = {}
        for question in _QUESTIONS:
            ids, full = self._ask(question, upto)
            if full:
                upto = ids[-1]
                found = {earlier: self._cut_at(upto, earlier, found[earlier]) for earlier in found}
            found[question] = ids
        return upto, max(found.values(), key=len)

    def _cut_at(self, upto: str, question: tuple[str, str], ids: list[str]) -> list[str]:
        return ids[: ids.index(upto) + 1] if upto in ids else self._ask(question, upto)[0]

    def _ask(self, question: tuple[str, str], upto: str) -> tuple[list[str], bool]:
        """The ids of an answer, each once, and whether it is full."""
        name, field = question
        window, limit = self.request.window, self.request.job_size * self.request.max_params
        text = fill_question(
            _read(name), start=window.start, end=window.end, after=self.after, upto=upto, limit=limit
        )
        rows = [str(row[field]) for row in self.salesforce.ask(text, include_deleted=True)]
        return list(dict.fromkeys(rows)), len(rows) >= limit


def _cut(ids: list[str], job_size: int, upto: str) -> list[str]:
    """The ends of the slices: every so many ids, the last one at *upto*; none without ids."""
    return [*ids[job_size - 1 : -1 : job_size], upto] if ids else []


def _read(name: str) -> str:
    return read_statement("queuer.external.salesforce", name)
