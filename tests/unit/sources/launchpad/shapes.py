"""Documents as Launchpad shapes them: every field there, null where it sends null."""

from typing import Any

API = "https://api.launchpad.net/devel/"
T1, T2, T3, T4 = (f"2026-03-0{day}T09:00:00.123456+00:00" for day in (1, 2, 3, 4))


def person(name: str | None) -> str | None:
    return None if name is None else f"{API}~{name}"


def bug(
    activity: Any = (), messages: Any = None, tasks: Any = ({"importance": "High"},), **fields: Any
) -> dict[str, Any]:
    base = {
        "id": 7,
        "self_link": f"{API}bugs/7",
        "web_link": "https://bugs.launchpad.net/bugs/7",
        "resource_type_link": f"{API}#bug",
        "title": "It broke",
        "description": "text",
        "date_created": T1,
        "date_last_updated": T4,
        "owner_link": person("ana"),
        "information_type": "Public",
        "private": False,
        "security_related": False,
        "name": None,
        "tags": ["a", "b"],
        "heat": 6,
        "number_of_duplicates": 0,
        "users_affected_count": 1,
        "users_affected_count_with_dupes": 1,
        "users_unaffected_count": 0,
        "duplicate_of_link": None,
    }
    first = [message(0, owner="ana")] if messages is None else messages
    return {
        "bug": {**base, **fields},
        "tasks": list(tasks),
        "activity": list(activity),
        "messages": list(first),
    }


def line(what: str = "summary", old: Any = "x", new: Any = "y", who: str | None = "ana", **more: Any) -> Any:
    base = {
        "self_link": f"{API}bugs/7/activity",
        "datechanged": T2,
        "person_link": person(who),
        "whatchanged": what,
        "oldvalue": old,
        "newvalue": new,
        "message": None,
    }
    return {**base, **more}


def message(index: int, owner: str | None = "ana", **more: Any) -> dict[str, Any]:
    path = f"ubuntu/+source/x/+bug/7/comments/{index}"
    base = {
        "self_link": f"{API}{path}",
        "web_link": f"https://bugs.launchpad.net/{path}",
        "owner_link": person(owner),
        "date_created": T3,
        "content": "text",
        "subject": "Re: It broke",
        "date_last_edited": None,
        "date_deleted": None,
    }
    return {**base, **more}


def proposal(comments: Any = (), **fields: Any) -> dict[str, Any]:
    path = "~ana/proj/+git/repo/+merge/42"
    base = {
        "self_link": f"{API}{path}",
        "web_link": f"https://code.launchpad.net/{path}",
        "description": None,
        "private": False,
        "queue_status": "Needs review",
        "date_created": T1,
        "date_review_requested": None,
        "date_reviewed": None,
        "date_merged": None,
        "registrant_link": person("ana"),
        "reviewer_link": None,
        "merge_reporter_link": None,
        "reviewed_revid": None,
        "merged_revision_id": None,
        "merged_revno": None,
        "source_git_path": "refs/heads/fix",
        "source_git_repository_link": f"{API}~ana/proj/+git/repo",
        "source_branch_link": None,
        "target_git_repository_link": f"{API}~team/proj/+git/main",
        "target_branch_link": None,
        "prerequisite_branch_link": None,
        "prerequisite_git_repository_link": None,
        "preview_diffs_collection_link": f"{API}{path}/preview_diffs",
        "superseded_by_link": None,
        "supersedes_link": None,
    }
    return {"proposal": {**base, **fields}, "comments": list(comments)}


def comment(number: Any = 5, author: str | None = "bob", **more: Any) -> dict[str, Any]:
    base = {
        "id": number,
        "author_link": person(author),
        "web_link": f"https://code.launchpad.net/comments/{number}",
        "title": "Re: [Merge]",
        "content": "looks good",
        "date_created": T3,
        "date_last_edited": None,
        "date_deleted": None,
        "vote": None,
        "vote_tag": None,
    }
    return {**base, **more}


def question(messages: Any = (), **fields: Any) -> dict[str, Any]:
    base = {
        "id": 7,
        "self_link": f"{API}proj/+question/7",
        "web_link": "https://answers.launchpad.net/proj/+question/7",
        "title": "How?",
        "description": "text",
        "date_created": T1,
        "date_due": None,
        "language_link": f"{API}+languages/en",
        "target_link": f"{API}proj",
        "owner_link": person("ana"),
        "assignee_link": None,
    }
    return {"question": {**base, **fields}, "messages": list(messages)}


def answer(index: Any = 1, owner: str | None = "bob", **more: Any) -> dict[str, Any]:
    path = f"proj/+question/7/messages/{index}"
    base = {
        "self_link": f"{API}{path}",
        "web_link": f"https://answers.launchpad.net/{path}",
        "owner_link": person(owner),
        "date_created": T2,
        "content": "so",
        "subject": "Re: How?",
        "action": "Answer",
        "new_status": "Answered",
        "question_link": f"{API}proj/+question/7",
        "bug_attachments_collection_link": f"{API}{path}/bug_attachments",
        "index": index,
    }
    return {**base, **more}
