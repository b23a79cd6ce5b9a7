"""What does Launchpad tell about a person, a bug and what belongs to it? Entries, field by field."""

from scripts.sandbox.launchpad.bugs import target_of
from scripts.sandbox.launchpad.records import PRIVATE, SECRET, Account, Activity, Bug, Message, Task
from scripts.sandbox.launchpad.view import WEB, Entry, View, spell_time

DATES = (
    "date_assigned", "date_closed", "date_confirmed", "date_fix_committed", "date_fix_released",
    "date_in_progress", "date_incomplete", "date_left_closed", "date_left_new", "date_triaged",
)  # fmt: skip


def show_person(view: View, account: Account) -> Entry:
    """A person."""
    fields = {
        "name": account.name,
        "display_name": account.display_name,
        "time_zone": account.time_zone,
        "description": None,
        "is_team": False,
        "is_valid": True,
        "karma": 0,
        "date_created": "2009-04-01T10:11:12.345678+00:00",
        "private": False,
        "visibility": "Public",
    }
    return view.entry("person", f"~{account.name}", fields, f"https://{WEB}/~{account.name}")


def show_bug(view: View, bug: Bug) -> Entry:
    """A bug, without what has links of its own."""
    path = f"bugs/{bug.id}"
    dupes = sum(other.duplicate_of == bug.id for other in view.tracker.bugs)
    hidden = bug.information_type in {PRIVATE, SECRET}
    fields = {
        "id": bug.id,
        "title": bug.title,
        "description": bug.description,
        "date_created": spell_time(bug.created),
        "date_last_updated": spell_time(bug.updated),
        "date_last_message": spell_time(max(message.when for message in bug.messages)),
        "date_made_private": spell_time(bug.updated) if hidden else None,
        "owner_link": view.person(bug.owner),
        "information_type": bug.information_type,
        "private": hidden,
        "security_related": bug.information_type == SECRET,
        "name": bug.name,
        "tags": list(bug.tags),
        "heat": bug.heat,
        "message_count": len(bug.messages),
        "number_of_duplicates": dupes,
        "can_expire": False,
        "users_affected_count": bug.affected,
        "users_affected_count_with_dupes": bug.affected + dupes,
        "users_unaffected_count": 0,
        "other_users_affected_count_with_dupes": bug.affected + dupes,
        "latest_patch_uploaded": None,
        "who_made_private_link": view.person(bug.owner) if hidden else None,
        "duplicate_of_link": view.bug_link(bug.duplicate_of),
        **{
            f"{name}_collection_link": view.link(f"{path}/{name}")
            for name in ("activity", "messages", "bug_tasks", "duplicates", "attachments")
        },
    }
    return view.entry("bug", path, fields, f"https://bugs.{WEB}/bugs/{bug.id}")


def show_task(view: View, bug: Bug, task: Task) -> Entry:
    """Where a bug is to be mended."""
    path, target = f"{task.target}/+bug/{bug.id}", target_of(task)
    fields = {
        "bug_link": view.bug_link(bug.id),
        "title": f'Bug #{bug.id} in {target}: "{bug.title}"',
        "status": task.status,
        "importance": task.importance,
        "assignee_link": view.person(task.assignee),
        "owner_link": view.person(task.owner),
        "bug_target_name": target,
        "bug_target_display_name": target.title(),
        "target_link": view.link(task.target),
        "milestone_link": None,
        "bug_watch_link": None,
        "is_complete": "date_closed" in task.dates,
        "date_created": spell_time(task.created),
        "related_tasks_collection_link": view.link(f"{path}/related_tasks"),
        **{name: spell_time(task.dates.get(name)) for name in DATES},
    }
    return view.entry("bug_task", path, fields, f"https://bugs.{WEB}/{path}")


def show_activity(view: View, bug: Bug, line: Activity) -> Entry:
    """One line of a bug's log. All lines of a bug have one self_link, as in Launchpad."""
    fields = {
        "bug_link": view.bug_link(bug.id),
        "datechanged": spell_time(line.when),
        "person_link": view.person(line.person),
        "whatchanged": line.what,
        "oldvalue": line.old,
        "newvalue": line.new,
        "message": line.message,
    }
    return view.entry("bug_activity", f"bugs/{bug.id}/activity", fields)


def show_message(view: View, bug: Bug, index: int, message: Message) -> Entry:
    """One message of a bug."""
    path = f"{bug.tasks[0].target}/+bug/{bug.id}/comments/{index}"
    return view.entry("message", path, tell_message(view, path, message), f"https://bugs.{WEB}/{path}")


def tell_message(view: View, path: str, message: Message) -> Entry:
    """The fields that messages of bugs and of questions share. Messages are never threaded here."""
    return {
        "owner_link": view.person(message.owner),
        "date_created": spell_time(message.when),
        "content": message.content,
        "subject": message.subject,
        "parent_link": None,
        "date_last_edited": spell_time(message.edited),
        "date_deleted": spell_time(message.deleted),
        "bug_attachments_collection_link": view.link(f"{path}/bug_attachments"),
    }
