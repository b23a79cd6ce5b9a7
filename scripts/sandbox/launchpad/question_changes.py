"""What can happen to a question of the sandbox's Launchpad? One method each."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from scripts.sandbox.launchpad import questions as edits
from scripts.sandbox.launchpad.records import Question
from scripts.sandbox.launchpad.shelf import Change, Shelf


class QuestionChanges(Shelf):
    """Changes of questions. The dates of the last query, response and solution tell of most."""

    def add_question(self, now: datetime, by: str | None = None, assignee: str | None = None) -> Change:
        """A new question without messages."""
        with self._lock:
            asked = Question(
                self._take_id(), "harbour", self.cast.title(self._rng), self.cast.write(self._rng),
                self._who(by), now, now, assignee=self._who(assignee) if assignee else None,
            )  # fmt: skip
            return self.put(asked, "add_question")

    def answer_question(
        self, question_id: int, now: datetime, by: str | None = None, text: str | None = None
    ) -> Change:
        """An answer by somebody else than who asked: date_last_response moves."""
        said = text or self.cast.write(self._rng)

        def edit(question: Question) -> Question:
            who = self._who(by)
            while by is None and who == question.owner:
                who = self._who()
            return edits.say(question, who, now, said, "Answer", "Answered")

        return self._edit_question(question_id, "answer_question", edit)

    def ask_again(self, question_id: int, now: datetime) -> Change:
        """Whoever asked tells more: date_last_query moves, the question is open again."""
        said = self.cast.write(self._rng)

        def edit(question: Question) -> Question:
            action = "Reopen" if question.status in {"Answered", "Solved"} else "Give more information"
            again = edits.say(question, question.owner, now, said, action, "Open")
            return replace(again, solved=None, answer=None, answerer=None)

        return self._edit_question(question_id, "ask_again", edit)

    def solve_question(self, question_id: int, now: datetime) -> Change:
        """Whoever asked confirms the last answer: date_solved and date_last_query move."""
        said = self.cast.write(self._rng)
        return self._edit_question(question_id, "solve_question", lambda q: edits.solve(q, now, said))

    def comment_on_question(self, question_id: int, now: datetime, by: str | None = None) -> Change:
        """A plain comment. None of the question's dates moves, as in Launchpad."""
        said = self.cast.write(self._rng)
        return self._edit_question(
            question_id,
            "comment_on_question",
            lambda q: edits.say(q, self._who(by), now, said, "Comment", q.status),
        )

    def edit_question_message(
        self, question_id: int, now: datetime, index: int = -1, text: str | None = None
    ) -> Change:
        """Another content of one message. None of the question's dates moves, as in Launchpad."""
        said = text or self.cast.write(self._rng)

        def edit(question: Question) -> Question:
            messages = list(question.messages)
            messages[index] = replace(messages[index], content=said, edited=now)
            return replace(question, messages=tuple(messages))

        return self._edit_question(question_id, "edit_question_message", edit)

    def delete_question(self, question_id: int) -> Change:
        """Gone: 404 for it and its messages."""
        with self._lock:
            del self._questions[question_id]
            return self._note(f"questions:{question_id}", "delete_question")

    def _edit_question(self, question_id: int, what: str, edit: Callable[[Question], Question]) -> Change:
        with self._lock:
            return self.put(edit(self._questions[question_id]), what)
