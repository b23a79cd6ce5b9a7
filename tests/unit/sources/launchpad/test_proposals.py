"""A merge proposal's way, comments and votes, clause by clause."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.sources.launchpad.shapes import API, T1, T2, T3, T4, comment, person, proposal

type Tell = Callable[..., Any]

KEY = "mp-refs/heads/fix-42"
LINK = "https://code.launchpad.net/~ana/proj/+git/repo/+merge/42"
OF_42 = {
    "merge_proposal_id": "refs/heads/fix-42",
    "merge_proposal_number": 42,
    "merge_proposal_link": LINK,
    "repository": "~ana/proj/+git/repo",
    "target_repository": "~team/proj/+git/main",
}


def test_a_proposal_is_created_by_its_registrant_with_the_known_properties(tell: Tell) -> None:
    told = tell("merge_proposals", proposal())
    event = told.events[f"{KEY}-c"]

    assert (event.event_type, event.relation_type, event.employee_id) == (
        "merge_proposal_created",
        "creator",
        "E-ana",
    )
    assert (event.event_time_utc.isoformat(), event.parent_item_id) == (T1, KEY)
    assert set(event.event_properties) == {
        *("merge_proposal_id", "description", "status", "link", "private"),
        *("merge_proposal_number", "merge_proposal_link", "repository", "target_repository"),
        *("prerequisite_branch_link", "prerequisite_git_repository_link", "preview_diffs_collection_link"),
        *("source_branch_link", "source_git_repository_link", "target_branch_link"),
        *("target_git_repository_link", "superseded_by_link", "supersedes_link"),
    }
    assert told.properties(f"{KEY}-c")["merge_proposal_id"] == "refs/heads/fix-42"
    assert told.properties(f"{KEY}-c")["status"] == "Needs review"
    assert told.properties(f"{KEY}-c")["link"].startswith("https://code.launchpad.net/")


def test_each_step_is_an_event_of_whoever_took_it(tell: Tell) -> None:
    body = proposal(
        date_review_requested=T2,
        date_reviewed=T3,
        reviewer_link=person("bob"),
        reviewed_revid="abc",
        date_merged=T4,
        merge_reporter_link=person("zoe"),
        merged_revision_id="def",
        merged_revno=12,
    )
    told = tell("merge_proposals", body)

    steps = {
        name.removeprefix(KEY): (event.event_type, event.relation_type, event.employee_id)
        for name, event in told.events.items()
    }
    assert steps == {
        "-c": ("merge_proposal_created", "creator", "E-ana"),
        "-rq": ("merge_proposal_review_requested", "requester", "E-ana"),
        "-r": ("merge_proposal_reviewed", "reviewer", "E-bob"),
        "-m": ("merge_proposal_merged", "merger", "?zoe"),
    }
    name = {**OF_42, "link": LINK}
    assert told.properties(f"{KEY}-rq") == name
    assert told.properties(f"{KEY}-r") == {**name, "reviewed_revid": "abc"}
    assert told.properties(f"{KEY}-m") == {**name, "merged_revision_id": "def", "merged_revno": 12}
    assert told.events[f"{KEY}-m"].relation_properties == {}


def test_a_merge_that_launchpad_found_by_itself_is_told_of_the_registrant(tell: Tell) -> None:
    told = tell("merge_proposals", proposal(date_merged=T4, merged_revno=7))

    event = told.events[f"{KEY}-m"]
    assert (event.event_type, event.relation_type, event.employee_id) == (
        "merge_proposal_merged",
        "registrant",
        "E-ana",
    )
    assert (event.event_time_utc.isoformat(), event.relation_properties) == (T4, {"detected": True})
    assert event.event_properties["merged_revno"] == 7
    assert told.rejects == set()


def test_a_merge_by_somebody_whom_launchpad_hides_is_rejected_and_not_taken_for_a_detected_one(
    tell: Tell,
) -> None:
    hidden = "tag:launchpad.net:2008:redacted"
    told = tell("merge_proposals", proposal(date_merged=T4, merge_reporter_link=hidden))

    assert told.rejects == {(f"{KEY}-m", "no author")}


def test_a_merge_without_anybody_is_rejected(tell: Tell) -> None:
    told = tell("merge_proposals", proposal(date_merged=T4, registrant_link=None))

    assert told.rejects == {(f"{KEY}-c", "no author"), (f"{KEY}-m", "no author")}


def test_a_review_by_nobody_is_no_event(tell: Tell) -> None:
    told = tell("merge_proposals", proposal(date_reviewed=T3))

    assert (set(told.events), told.rejects) == ({f"{KEY}-c"}, set())


def test_every_event_tells_its_proposal_apart_from_one_of_a_branch_of_the_same_name(tell: Tell) -> None:
    path = "~bob/proj/+git/copy/+merge/43"
    steps = {"date_review_requested": T2, "date_merged": T3, "date_reviewed": T3}
    steps["reviewer_link"] = str(person("bob"))
    other = proposal(
        [comment(5), comment(6, vote="Approve")],
        self_link=f"{API}{path}",
        web_link=f"https://code.launchpad.net/{path}",
        source_git_repository_link=f"{API}~bob/proj/+git/copy",
        **steps,
    )

    for body, number, owner in (
        (proposal([comment(5)], **steps), 42, "ana/proj/+git/repo"),
        (other, 43, "bob/proj/+git/copy"),
    ):
        told = tell("merge_proposals", body)
        assert len(told.events) >= 5
        for event in told.events.values():
            told_of = event.event_properties
            assert told_of["merge_proposal_number"] == number
            assert told_of["repository"] == f"~{owner}"
            assert told_of["target_repository"] == "~team/proj/+git/main"
            assert told_of["merge_proposal_link"] == f"https://code.launchpad.net/~{owner}/+merge/{number}"
            assert told_of["link"]


def test_a_bazaar_proposal_goes_by_its_branch(tell: Tell) -> None:
    body = proposal(
        source_git_path=None,
        source_git_repository_link=None,
        source_branch_link=f"{API}~ana/proj/fix-it",
    )

    told = tell("merge_proposals", body)
    assert set(told.events) == {"mp-~ana/proj/fix-it-42-c"}
    assert told.properties("mp-~ana/proj/fix-it-42-c")["repository"] == "~ana/proj/fix-it"


def test_a_comment_is_a_vote_where_it_votes(tell: Tell) -> None:
    told = tell("merge_proposals", proposal([comment(5), comment(6, "ana", vote="Approve", vote_tag="code")]))

    event, vote = told.events[f"{KEY}-c5"], told.events[f"{KEY}-v6"]
    assert (event.event_type, event.relation_type, event.employee_id) == (
        "merge_proposal_comment",
        "commenter",
        "E-bob",
    )
    assert (vote.event_type, vote.relation_type, vote.employee_id) == (
        "merge_proposal_vote",
        "voter",
        "E-ana",
    )
    assert vote.event_properties == {
        **OF_42,
        "link": "https://code.launchpad.net/comments/6",
        "title": "Re: [Merge]",
        "content": "looks good",
        "date_last_edited": None,
        "date_deleted": None,
        "vote": "Approve",
        "vote_tag": "code",
    }


def test_a_deleted_comment_stays_with_the_time_of_its_deletion(tell: Tell) -> None:
    told = tell("merge_proposals", proposal([comment(content="", date_deleted=T4)]))

    assert told.properties(f"{KEY}-c5")["date_deleted"] == T4


def test_outsiders_comments_have_pseudonyms(tell: Tell) -> None:
    told = tell("merge_proposals", proposal([comment(author="zoe")]))

    assert told.events[f"{KEY}-c5"].employee_id == "?zoe"


def test_parts_that_cannot_be_read_are_rejected(tell: Tell) -> None:
    body = proposal(
        [comment(author=None), comment(6, date_created="soon"), comment(None), comment(8)],
        registrant_link=None,
        date_reviewed="then",
        reviewer_link=person("bob"),
    )
    told = tell("merge_proposals", body)

    assert told.rejects == {
        (f"{KEY}-c", "no author"),
        (f"{KEY}-r", "no time"),
        (f"{KEY}-c5", "no author"),
        (f"{KEY}-c6", "no time"),
        (None, "comment without id"),
    }
    assert set(told.events) == {f"{KEY}-c8"}


@pytest.mark.parametrize(
    "fields",
    [{"self_link": None}, {"self_link": f"{API}~ana/proj"}, {"source_git_path": None}],
    ids=["no link", "no number", "no source"],
)
def test_a_proposal_that_has_no_name_is_one_reject(tell: Tell, fields: Any) -> None:
    told = tell("merge_proposals", proposal([comment()], **fields))

    assert told.rejects == {(None, "not a merge proposal")}
    assert told.events == {}
