"""How does the sandbox's Launchpad describe itself? In WADL, which launchpadlib reads before all else."""

from collections.abc import Iterator

FIELDS = {
    "service-root": "bugs*bugs people*people questions*questions me>person",
    "person": """
        name display_name time_zone description is_team is_valid karma date_created@ private
        visibility
    """,
    "bug": """
        id title description date_created@ date_last_updated@ date_last_message@
        date_made_private@ owner>person information_type private security_related name tags heat
        message_count number_of_duplicates can_expire users_affected_count
        users_affected_count_with_dupes users_unaffected_count
        other_users_affected_count_with_dupes latest_patch_uploaded@ who_made_private>person
        duplicate_of>bug activity*bug_activity messages*message bug_tasks*bug_task
        duplicates*bug attachments*bug_attachment
    """,
    "bug_task": """
        bug>bug title status importance assignee>person owner>person bug_target_name
        bug_target_display_name target>project milestone>milestone bug_watch>bug_watch
        is_complete date_assigned@ date_closed@ date_confirmed@ date_created@
        date_fix_committed@ date_fix_released@ date_in_progress@ date_incomplete@
        date_left_closed@ date_left_new@ date_triaged@ related_tasks*bug_task
    """,
    "bug_activity": "bug>bug datechanged@ person>person whatchanged oldvalue newvalue message",
    "message": """
        owner>person date_created@ content subject parent>message date_last_edited@
        date_deleted@ bug_attachments*bug_attachment
    """,
    "branch_merge_proposal": """
        address all_comments*code_review_comment commit_message date_created@ date_merged@
        date_review_requested@ date_reviewed@ description merge_reporter>person
        merged_revision_id merged_revno prerequisite_branch>branch prerequisite_git_path
        prerequisite_git_repository>git_repository preview_diff>preview_diff
        preview_diffs*preview_diff private queue_status registrant>person reviewed_revid
        reviewer>person source_branch>branch source_git_path
        source_git_repository>git_repository superseded_by>branch_merge_proposal
        supersedes>branch_merge_proposal target_branch>branch target_git_path
        target_git_repository>git_repository votes*code_review_vote_reference
    """,
    "code_review_comment": """
        as_quoted_email author>person branch_merge_proposal>branch_merge_proposal content
        date_created@ date_deleted@ date_last_edited@ id message_body owner>person title vote
        vote_tag
    """,
    "code_review_vote_reference": """
        branch_merge_proposal>branch_merge_proposal comment>code_review_comment date_created@
        is_pending registrant>person review_type reviewer>person
    """,
    "branch": """
        name unique_name display_name bzr_identity owner>person private information_type
    """,
    "git_repository": "id name unique_name display_name owner>person private information_type",
    "question": """
        id title description status language>language owner>person assignee>person
        answerer>person answer>question_message date_created@ date_due@ date_last_query@
        date_last_response@ date_solved@ target>project messages*question_message
    """,
    "question_message": """
        owner>person date_created@ content subject parent>message date_last_edited@
        date_deleted@ bug_attachments*bug_attachment question>question action new_status index
        visible
    """,
    "project": "name display_name title",
    "language": "code english_name",
    "bug_attachment": "title",
    "preview_diff": "title",
    "milestone": "name title",
    "bug_watch": "title",
}
"""What an entry of each type has: ``name``, ``date@``, ``link>type``, ``collection*type``."""

TOPS = {"bugs": "bug", "people": "person", "questions": "question"}
"""The collections of the root, and what is in them."""

PERSONS = (
    "assignee>person bug_reporter>person bug_subscriber>person bug_commenter>person owner>person "
    "structural_subscriber>person"
)
OPERATIONS = {
    ("person", "searchTasks"): (
        "bug_task-page",
        f"{PERSONS} status importance search_text omit_duplicates "
        "omit_targeted order_by modified_since@ created_since@ created_before@".split(),
    ),
    ("person", "getMergeProposals"): ("branch_merge_proposal-page", ["status"]),
    ("person", "getRequestedReviews"): ("branch_merge_proposal-page", ["status"]),
    ("person", "searchQuestions"): (
        "question-page",
        [
            "search_text",
            "status",
            "participation=Owner|Subscriber|Assignee|Commenter|Answerer",
            "sort=by relevancy|by status|newest first|oldest first|recently updated first",
        ],
    ),
    ("questions", "getByID"): ("question-full", ["question_id"]),
}
"""What can be asked by ``ws.op``, of which type: the representation that comes back, and the arguments.

A client cannot send an argument that is not here.
"""

ENTRY = "self> web_link resource_type_link http_etag"
PAGE = "resource_type_link total_size total_size>ScalarValue start entries"
WADL_TYPE = "application/vnd.sun.wadl+xml"
JSON_TYPE = "application/json"


def write_wadl(root: str) -> bytes:
    """The description of the service at *root*, which ends with a slash."""
    lines = [
        '<?xml version="1.0"?>',
        '<application xmlns="http://research.sun.com/wadl/2006/10"'
        ' xmlns:xsd="http://www.w3.org/2001/XMLSchema">',
        f'<resources base="{root}"><resource path="" type="#service-root"/></resources>',
    ]
    for name, fields in FIELDS.items():
        own = fields if name == "service-root" else f"{ENTRY} {fields}"
        lines += [*_type(name, f"{name}-full", name), *_representation(f"{name}-full", own)]
        lines += [*_type(f"{name}-page-resource", f"{name}-page"), *_page(name)]
    # Whether a name is a person's or a team's only the server knows: the client asks for a team first.
    lines += _type("team", "person-full", "person")
    for name, member in TOPS.items():
        lines += _type(name, f"{member}-page", name)
    lines += [*_type("ScalarValue", "ScalarValue-full"), *_representation("ScalarValue-full", "")]
    return "\n".join([*lines, "</application>"]).encode()


def name_field(spec: str) -> str:
    """The key in JSON of what FIELDS spells so."""
    for mark, ending in ((">", "_link"), ("*", "_collection_link"), ("@", ""), ("=", "")):
        name, found, _ = spec.partition(mark)
        if found:
            return name + ending
    return spec


def list_keys(kind: str) -> set[str]:
    """Every key that an entry of that type has."""
    return {
        name_field(spec) for spec in f"self> web_link resource_type_link http_etag {FIELDS[kind]}".split()
    }


def _type(name: str, representation: str, operations_of: str = "") -> Iterator[str]:
    yield f'<resource_type id="{name}">'
    yield f'<method name="GET" id="{name}-get">{_answer(representation)}</method>'
    for (kind, operation), (result, arguments) in OPERATIONS.items():
        if kind == operations_of:
            yield f'<method name="GET" id="{name}-{operation}"><request>'
            yield f'<param style="query" name="ws.op" required="true" fixed="{operation}"/>'
            yield from map(_argument, arguments)
            yield f"</request>{_answer(result)}</method>"
    yield "</resource_type>"


def _answer(representation: str) -> str:
    return f'<response><representation href="#{representation}"/></response>'


def _representation(name: str, fields: str) -> Iterator[str]:
    yield f'<representation mediaType="{JSON_TYPE}" id="{name}">'
    for spec in fields.split():
        key = name_field(spec)
        date = ' type="xsd:dateTime"' if spec.endswith("@") else ""
        yield f'<param style="plain" name="{key}" path="$[\'{key}\']"{date}>{_link(name, spec)}</param>'
    yield "</representation>"


def _page(name: str) -> Iterator[str]:
    links = f"next_collection>{name}-page-resource prev_collection>{name}-page-resource"
    yield from _representation(f"{name}-page", f"{PAGE} {links}")


def _link(name: str, spec: str) -> str:
    if spec == "self>":
        return f'<link resource_type="#{name.removesuffix("-full")}"/>'
    if ">" in spec:
        return f'<link resource_type="#{spec.partition(">")[2]}"/>'
    if "*" in spec:
        kind = spec.partition("*")[2]
        return f'<link resource_type="#{kind if kind in TOPS else kind + "-page-resource"}"/>'
    return "<link/>" if spec.endswith("_link") else ""


def _argument(spec: str) -> str:
    name, _, options = spec.partition("=")
    name, _, kind = name.partition(">")
    date = ' type="xsd:dateTime"' if name.endswith("@") else ""
    inner = f'<link resource_type="#{kind}"/>' if kind else ""
    inner += "".join(f'<option value="{option}"/>' for option in options.split("|") if option)
    return f'<param style="query" name="{name.rstrip("@")}" required="false"{date}>{inner}</param>'
