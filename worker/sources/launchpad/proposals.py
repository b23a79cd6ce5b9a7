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
    item = Item(
        f"mp-{name}",
        people,
        {
            # A branch's name and the number: another repository may have the same branch.
            "merge_proposal_id": name,
            "merge_proposal_number": number,
            "merge_proposal_link": proposal.get("web_link"),
            "link": proposal.get("web_link"),
            "repository": _place(proposal, "source"),
            "target_repository": _place(proposal, "target"),
        },
    )
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
        },
    )


def _tell_progress(item: Item, proposal: JsonObject) -> Iterator[Event | Reject]:
    """What has happened so far. A step without its date, or a review by nobody, is no event."""
    if proposal.get("date_review_requested") is not None:
        yield from item.tell(
            "rq",
            "merge_proposal_review_requested",
            "requester",
            who=proposal.get("registrant_link"),
            when=proposal.get("date_review_requested"),
            properties={},
        )
    if proposal.get("date_reviewed") is not None and proposal.get("reviewer_link") is not None:
        yield from item.tell(
            "r",
            "merge_proposal_reviewed",
            "reviewer",
            who=proposal.get("reviewer_link"),
            when=proposal.get("date_reviewed"),
            properties=item.take(proposal, "reviewed_revid"),
        )
    if proposal.get("date_merged") is not None:
        # A merge that Launchpad found by itself names nobody: it is told of whoever proposed it.
        detected = proposal.get("merge_reporter_link") is None
        yield from item.tell(
            "m",
            "merge_proposal_merged",
            "registrant" if detected else "merger",
            who=proposal.get("registrant_link" if detected else "merge_reporter_link"),
            when=proposal.get("date_merged"),
            properties=item.take(proposal, "merged_revision_id", "merged_revno"),
            relation_properties={"detected": True} if detected else None,
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


def _place(proposal: JsonObject, side: str) -> str | None:
    """The path of the Git repository or Bazaar branch on the *side* source or target."""
    return path_of(proposal.get(f"{side}_git_repository_link")) or path_of(
        proposal.get(f"{side}_branch_link")
    )
