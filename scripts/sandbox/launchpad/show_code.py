"""What does Launchpad tell about a merge proposal and its comments? Entries, field by field."""

from scripts.sandbox.launchpad.records import (
    PRIVATE,
    PUBLIC,
    Comment,
    Proposal,
    Review,
    name_proposal,
    name_source,
)
from scripts.sandbox.launchpad.view import WEB, Entry, View, spell_time


def path_of(view: View, proposal: Proposal) -> str:
    """Where a proposal is, by what its owner is called now."""
    return name_proposal(proposal, view.tracker.account(proposal.owner))


def show_proposal(view: View, proposal: Proposal) -> Entry:
    """A merge proposal: of a Git path in a repository, or of a Bazaar branch."""
    path = path_of(view, proposal)
    source = name_source(proposal, view.tracker.account(proposal.owner))
    target = f"~{proposal.project}-team/{proposal.project}/" + ("+git/main" if proposal.git else "trunk")
    base = f"~{proposal.project}-team/{proposal.project}/{proposal.prerequisite}"
    fields = {
        "address": f"mp+{proposal.id}@code.{WEB}",
        "commit_message": None,
        "date_created": spell_time(proposal.created),
        "date_merged": spell_time(proposal.merged),
        "date_review_requested": spell_time(proposal.requested),
        "date_reviewed": spell_time(proposal.reviewed),
        "description": proposal.description,
        "merge_reporter_link": view.person(proposal.merger),
        "merged_revision_id": proposal.merged_revision,
        "merged_revno": proposal.merged_revno,
        "preview_diff_link": None,
        "private": proposal.information_type != PUBLIC,
        "queue_status": proposal.status,
        "registrant_link": view.person(proposal.registrant),
        "reviewed_revid": proposal.reviewed_revid,
        "reviewer_link": view.person(proposal.reviewer),
        "superseded_by_link": view.proposal_link(proposal.superseded_by),
        "supersedes_link": view.proposal_link(proposal.supersedes),
        **_tell_place(view, "source", proposal.git, source, f"refs/heads/fix-{proposal.id}"),
        **_tell_place(view, "target", proposal.git, target, "refs/heads/main"),
        **_tell_place(
            view, "prerequisite", proposal.git, base if proposal.prerequisite else None, "refs/heads/base"
        ),
        **{
            f"{name}_collection_link": view.link(f"{path}/{name}")
            for name in ("all_comments", "preview_diffs", "votes")
        },
    }
    return view.entry("branch_merge_proposal", path, fields, f"https://code.{WEB}/{path}")


def show_comment(view: View, proposal: Proposal, comment: Comment) -> Entry:
    """A comment on a proposal, with its vote."""
    path = f"{path_of(view, proposal)}/comments/{comment.id}"
    fields = {
        "as_quoted_email": "> " + comment.content.replace("\n", "\n> "),
        "author_link": view.person(comment.author),
        "branch_merge_proposal_link": view.link(path_of(view, proposal)),
        "content": comment.content,
        "date_created": spell_time(comment.when),
        "date_deleted": spell_time(comment.deleted),
        "date_last_edited": spell_time(comment.edited),
        "id": comment.id,
        "message_body": comment.content,
        "owner_link": view.person(comment.author),
        "title": f"Re: [Merge] {path_of(view, proposal)}",
        "vote": comment.vote,
        "vote_tag": comment.tag,
    }
    return view.entry("code_review_comment", path, fields, f"https://code.{WEB}/{path}")


def show_review(view: View, proposal: Proposal, review: Review) -> Entry:
    """A reviewer who was asked, or voted."""
    base = path_of(view, proposal)
    comment = review.comment and view.link(f"{base}/comments/{review.comment}")
    fields = {
        "branch_merge_proposal_link": view.link(base),
        "comment_link": comment,
        "date_created": spell_time(review.when),
        "is_pending": review.comment is None,
        "registrant_link": view.person(review.registrant),
        "review_type": None,
        "reviewer_link": view.person(review.reviewer),
    }
    return view.entry("code_review_vote_reference", f"{base}/+review/{review.id}", fields)


def show_source(view: View, proposal: Proposal) -> Entry:
    """The repository or branch that a proposal comes from."""
    unique_name = name_source(proposal, view.tracker.account(proposal.owner))
    fields: Entry = {
        "name": proposal.source,
        "unique_name": unique_name,
        "display_name": f"lp:{unique_name}",
        "owner_link": view.person(proposal.owner),
        "private": proposal.information_type == PRIVATE,
        "information_type": proposal.information_type,
    }
    kind, more = (
        ("git_repository", {"id": proposal.id})
        if proposal.git
        else ("branch", {"bzr_identity": f"lp:{unique_name}"})
    )
    return view.entry(kind, unique_name, {**fields, **more}, f"https://code.{WEB}/{unique_name}")


def _tell_place(view: View, role: str, git: bool, place: str | None, path: str) -> Entry:
    link = place and view.link(place)
    return {
        f"{role}_branch_link": None if git else link,
        f"{role}_git_repository_link": link if git else None,
        f"{role}_git_path": path if git and link else None,
    }
