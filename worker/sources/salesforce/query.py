"""What does a Salesforce job ask for? A window and a range of case ids, or cases by id."""

from typing import Annotated, Literal, Self, override

from pydantic import model_validator

from temporaletl.wording import matching
from worker.models.query import Query, query_type
from worker.sources.salesforce.settings import CasesSettings
from worker.sources.salesforce.versions import SPECIFIC_VERSION, VERSION

type RecordId = Annotated[
    str, matching("[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?", "must be a record's id: 15 or 18 letters and digits")
]


@query_type("salesforce", needs=(CasesSettings,))
class SalesforceQuery(Query):
    """The cases with ids after *after* (None: from the first) up to *upto*, in Salesforce's own order.

    With *ids* the range and the window do not matter.
    """

    event_type: Literal["cases"]
    after: RecordId | None = None
    upto: RecordId | None = None

    @model_validator(mode="after")
    def _selects_something(self) -> Self:
        if self.ids is None and self.upto is None:
            raise ValueError("upto is missing: name a range of cases, or cases by ids")
        return self

    @classmethod
    @override
    def version(cls) -> str:
        return VERSION

    @classmethod
    @override
    def specific_version(cls) -> str:
        return SPECIFIC_VERSION
