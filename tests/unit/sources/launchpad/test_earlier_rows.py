"""A row of the earlier tool says which bug, question or merge proposal it belongs to."""

import pytest
from pydantic import JsonValue

from worker.sources.launchpad.query import LaunchpadQuery

PATH = "~ana/proj/+git/repo/+merge/7"


@pytest.mark.parametrize(
    ("properties", "document"),
    [
        ({"bug_id": 7, "link": "https://api.launchpad.net/devel/bugs/7"}, "bugs:7"),
        (
            {"question_id": "9", "link": "https://answers.launchpad.net/+question/9"},
            "questions:9",
        ),
        (
            {"merge_proposal_id": "main-7", "link": f"https://api.launchpad.net/devel/{PATH}"},
            f"merge_proposals:{PATH}",
        ),
        (
            {"merge_proposal_id": "main-7", "link": f"https://code.launchpad.net/{PATH}/comments/12"},
            f"merge_proposals:{PATH}",
        ),
        (
            {"merge_proposal_id": "main-7", "link": "https://code.launchpad.net/%7Eana/proj/main/%2Bmerge/7"},
            "merge_proposals:~ana/proj/main/+merge/7",
        ),
        ({"merge_proposal_id": "main-7"}, None),
        ({"merge_proposal_id": "main-7", "link": None}, None),
    ],
)
def test_the_document_of_a_row_is_what_its_properties_name(
    properties: dict[str, JsonValue], document: str | None
) -> None:
    assert LaunchpadQuery.name_document(properties) == document
