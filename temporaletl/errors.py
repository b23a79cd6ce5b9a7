"""What went wrong, and does trying again help? The one place that decides it.

PermanentError fails the workflow at once (bad configuration, credentials, query); TransientError is
retried by Temporal until the activity's schedule-to-close time-out, after *retry_after_s* where the
upstream asked for that. Every message says what was tried, on which system, and what to do.
"""


class TemporalETLError(Exception):
    """Every error of ours."""


class PermanentError(TemporalETLError):
    """Trying again cannot help until somebody changes something."""


class ConfigurationError(PermanentError):
    """Settings, registration or privileges are wrong or missing."""


class CredentialsError(PermanentError):
    """A system refused our credentials."""


class QueryError(PermanentError):
    """A job's arguments, or the question made of them, are wrong."""


class AnswerError(PermanentError):
    """A system's answer is one that we cannot take, and asking again would bring the same one."""


class InputError(PermanentError, ValueError):
    """What a flow was started with is not what it takes; a ValueError, so that it fails the flow."""


class BlockLostError(PermanentError):
    """A staged batch is gone: extract it again from the cursor before it."""


class RunEndedError(PermanentError):
    """A batch came after its run had ended: an attempt that a cancel or a time-out did not reach."""


class TransientError(TemporalETLError):
    """It may work later.

    retry_after_s: seconds the upstream asked us to wait, None where it did not say.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
