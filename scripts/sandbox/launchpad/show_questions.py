"""What does Launchpad tell about a question and its messages? Entries, field by field."""

from scripts.sandbox.launchpad.records import Message, Question
from scripts.sandbox.launchpad.show_bugs import tell_message
from scripts.sandbox.launchpad.view import WEB, Entry, View, spell_time


def show_question(view: View, question: Question) -> Entry:
    """A question."""
    path = f"{question.project}/+question/{question.id}"
    fields = {
        "id": question.id,
        "title": question.title,
        "description": question.description,
        "status": question.status,
        "language_link": view.link(f"+languages/{question.language}"),
        "owner_link": view.person(question.owner),
        "assignee_link": view.person(question.assignee),
        "answerer_link": view.person(question.answerer),
        "answer_link": None
        if question.answer is None
        else view.link(f"{path}/messages/{question.answer + 1}"),
        "date_created": spell_time(question.created),
        "date_due": spell_time(question.due),
        "date_last_query": spell_time(question.last_query),
        "date_last_response": spell_time(question.last_response),
        "date_solved": spell_time(question.solved),
        "target_link": view.link(question.project),
        "messages_collection_link": view.link(f"{path}/messages"),
    }
    return view.entry("question", path, fields, f"https://answers.{WEB}/{path}")


def show_question_message(view: View, question: Question, index: int, message: Message) -> Entry:
    """A message of a question. Its own index counts from 1."""
    base = f"{question.project}/+question/{question.id}"
    path = f"{base}/messages/{index + 1}"
    fields = {
        **tell_message(view, path, message),
        "question_link": view.link(base),
        "action": message.action,
        "new_status": message.new_status,
        "index": index + 1,
        "visible": True,
    }
    return view.entry("question_message", path, fields, f"https://answers.{WEB}/{base}/+message/{index + 1}")
