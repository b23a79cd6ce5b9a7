"""Which events does a Launchpad document tell? The whole document in, every event and reject out."""

from collections.abc import Iterator

from temporaletl.contract import Document
from worker.models.context import Context
from worker.models.event import Event, Reject
from worker.models.transform import transform_method
from worker.sources.launchpad.bugs import tell_bug
from worker.sources.launchpad.people import Participants
from worker.sources.launchpad.proposals import tell_proposal
from worker.sources.launchpad.questions import tell_question
from worker.sources.launchpad.settings import LaunchpadOptions, LaunchpadSourceSettings

_DEFAULTS = LaunchpadOptions()


@transform_method("launchpad", needs=(LaunchpadSourceSettings,))
def transform(document: Document, context: Context) -> Iterator[Event | Reject]:
    """Every event of one bug, merge proposal or question: a pure function of it, the options, the people.

    The order of a bug's activity and of messages without an index of their own is Launchpad's, and part
    of their events' ids; that of documents makes no difference.
    """
    body, options = document.body, context.options
    if not isinstance(body, dict):
        yield Reject(None, "not an object")
        return
    people = Participants(context)
    match document.id.partition(":")[0]:
        case "bugs":
            chosen = options if isinstance(options, LaunchpadOptions) else _DEFAULTS
            yield from tell_bug(body, people, chosen)
        case "merge_proposals":
            yield from tell_proposal(body, people)
        case "questions":
            yield from tell_question(body, people)
        case _:
            yield Reject(None, "not of a known type")
