"""What is a question of the seeded Launchpad? A pure function of (seed, number)."""

import random
from dataclasses import replace
from datetime import datetime, timedelta

from scripts.sandbox.launchpad.cast import FIRST_ID, JANITOR, PROJECTS, Cast, spread
from scripts.sandbox.launchpad.records import QUESTION_STATUSES, Message, Question


def invent_question(number: int, cast: Cast) -> Question:
    """Question *number*, in each status in turn, last written to in the days before the anchor."""
    rng = random.Random(f"question:{cast.seed}:{number}")
    status, last = QUESTION_STATUSES[(number - 1) % len(QUESTION_STATUSES)], cast.last_moment(rng)
    exchanges = spread(rng, 12) + (0 if status == "Open" else 2)
    created = cast.earlier(rng, last) if exchanges else last
    owner = cast.choose(rng)
    question = Question(
        id=FIRST_ID + number,
        project=rng.choice(PROJECTS),
        title=cast.title(rng),
        description=cast.write(rng),
        owner=owner.number,
        created=created,
        last_query=created,
        assignee=cast.choose(rng).number if number % 4 == 3 else None,
        due=last + timedelta(days=3) if number % 5 == 0 else None,
        language=rng.choice(("en", "de", "pt_BR")),
    )
    others = [account for account in cast.ranked if account is not owner]
    moments = cast.between(rng, created, last, exchanges)
    for at, moment in enumerate(moments):
        rest, other, text = len(moments) - at, rng.choice(others).number, cast.write(rng)
        match status, rest:
            case "Solved", 1:
                question = solve(question, moment, text)
            case ("Solved", 2) | ("Answered", 1):
                question = say(question, other, moment, text, "Answer", "Answered")
            case "Open", 1:
                question = say(question, owner.number, moment, text, "Give more information", status)
            case "Needs information", 1:
                question = say(question, other, moment, text, "Request for more information", status)
            case "Expired", 1:
                question = say(question, JANITOR, moment, text, "Expire", status)
            case "Invalid", 1:
                question = say(question, other, moment, text, "Reject", status)
            case _ if rng.randrange(2):
                question = say(question, owner.number, moment, text, "Give more information", "Open")
            case _:
                question = say(
                    question, other, moment, text, "Request for more information", "Needs information"
                )
    return question


def say(question: Question, who: int, when: datetime, text: str, action: str, status: str) -> Question:
    """The question with one more message. A plain comment moves none of its dates."""
    added = Message(who, when, text, f"Re: {question.title}", action=action, new_status=status)
    question = replace(question, messages=(*question.messages, added), status=status)
    if action == "Comment":
        return question
    if who == question.owner:
        return replace(question, last_query=when)
    return replace(question, last_response=when)


def solve(question: Question, when: datetime, text: str) -> Question:
    """The question as its owner confirms the last answer."""
    answers = [at for at, message in enumerate(question.messages) if message.action == "Answer"]
    answer = answers[-1] if answers else len(question.messages)
    question = say(question, question.owner, when, text, "Confirm", "Solved")
    return replace(question, solved=when, answer=answer, answerer=question.messages[answer].owner)
