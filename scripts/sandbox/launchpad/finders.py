"""Whose search finds an item? Numbers of accounts, told from the item alone."""

from scripts.sandbox.launchpad.records import Bug, Proposal, Question


def find_finders(item: Bug | Proposal | Question) -> set[int]:
    """Everyone whose tasks, merge proposals or questions it is among."""
    match item:
        case Bug():
            assignees = (task.assignee for task in item.tasks)
            found = {item.owner, *assignees, *(message.owner for message in item.messages[1:])}
        case Proposal():
            found = {item.owner}
        case Question():
            found = {item.owner, item.assignee, *(message.owner for message in item.messages)}
    return {number for number in found if number is not None}
