"""Which events does a merge proposal tell? Its way to the merge, its comments and its votes."""

from collections.abc import Iterator

from worker.models.event import Event, Reject
from worker.sources.launchpad.links import number_in, path_of
from worker.sources.launchpad.people import Participants
from worker.sources.launchpad.telling import Item, JsonObject, objects_in, part_of

_CREATED = (
    "description",
    "private",
    "prerequisite_branch_link",
    "prerequisite_git_repository_link",
    "preview_diffs_collection_link",
    "source_branch_link",
    "source_git_repository_link",
    "target_branch_link",
    "target_git_repository_link",
    "superseded_by_link",
    "supersedes_link",
)
_COMMENT = ("title", "content", "date_last_edited", "date_deleted", "vote", "vote_tag")


def tell_proposal(body: JsonObject, people: Participants) -> Iterator[Event | Reject]:
    """Every event of one merge proposal."""
    proposal, comments = part_of(body, "proposal"), objects_in(body, "comments")
    number = number_in(proposal.get("self_link"), "+merge")
    # A proposal of Bazaar branches has no Git path.
    source = proposal.get("source_git_path") or path_of(proposal.get("source_branch_link"))
    if number is None or not isinstance(source, str) or comments is None:
        yield Reject(None, "not a merge proposal")
        return
    name = f"{source}-{number}"
    item = Item(f"mp-{name}", people, {"merge_proposal_id": name})
    yield from _tell_creation(item, proposal)
    yield from _tell_progress(item, proposal)
    yield from _tell_comments(item, comments)


def _tell_creation(item: Item, proposal: JsonObject) -> Iterator[Event | Reject]:
    yield from item.tell(
        "c",
        "merge_proposal_created",
        "creator",
        who=proposal.get("registrant_link"),
        when=proposal.get("date_created"),
        properties={
            **item.take(proposal, *_CREATED),
            "status": proposal.get("queue_status"),
            "link": proposal.get("web_link"),
        },
    )


def _tell_progress(item: Item, proposal: JsonObject) -> Iterator[Event | Reject]:
    """What has happened so far. Where Launchpad names nobody (it saw the merge itself), nobody did it."""
    steps = (
        (
            "rq",
            "merge_proposal_review_requested",
            "requester",
            "registrant_link",
            "date_review_requested",
            (),
        ),
        ("r", "merge_proposal_reviewed", "reviewer", "reviewer_link", "date_reviewed", ("reviewed_revid",)),
        (
            *("m", "merge_proposal_merged", "merger", "merge_reporter_link", "date_merged"),
            ("merged_revision_id", "merged_revno"),
        ),
    )
    for suffix, event_type, relation_type, person, date, fields in steps:
        if proposal.get(date) is None or proposal.get(person) is None:
            continue
        yield from item.tell(
            suffix,
            event_type,
            relation_type,
            who=proposal.get(person),
            when=proposal.get(date),
            properties=item.take(proposal, *fields),
        )


def _tell_comments(item: Item, comments: list[JsonObject]) -> Iterator[Event | Reject]:
    """Each comment once: as a vote where it votes."""
    for comment in comments:
        number = comment.get("id")
        if not isinstance(number, int) or isinstance(number, bool):
            # Without its id it may be any of them: nothing of the document is retired.
            yield Reject(None, "comment without id")
            continue
        votes = bool(comment.get("vote"))
        yield from item.tell(
            f"{'v' if votes else 'c'}{number}",
            "merge_proposal_vote" if votes else "merge_proposal_comment",
            "voter" if votes else "commenter",
            who=comment.get("author_link") or comment.get("owner_link"),
            when=comment.get("date_created"),
            properties={"link": comment.get("web_link"), **item.take(comment, *_COMMENT)},
        )
