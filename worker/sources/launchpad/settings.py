"""What did the operator say about this Launchpad? Who counts, how long, and how much at once."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import SettingsConfigDict

from temporaletl.settings import Settings


class LaunchpadOptions(BaseModel):
    """How events are told.

    outsiders: what becomes of a bug's activity and messages by people who are not in the directory.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    outsiders: Literal["leave_out", "pseudonym"] = "leave_out"


class LaunchpadSourceSettings(Settings, LaunchpadOptions):
    """The options as LAUNCHPAD_* spell them, and how documents are chosen and fetched.

    grace_days: how long a closed merge proposal is still looked at (those who left the directory are
    as long still asked for). items_at_once: how many items of a job are fetched at the same time.
    """

    model_config = SettingsConfigDict(env_prefix="LAUNCHPAD_", extra="ignore", frozen=True)

    grace_days: int = Field(30, ge=0, le=3650)
    items_at_once: int = Field(4, ge=1, le=32)
