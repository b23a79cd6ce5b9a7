"""Whose Launchpad work is asked for? Also that of people who left a little while ago."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from temporaletl.settings import Settings


class LaunchpadBacklogSettings(Settings):
    """grace_days: how long those who left are still asked for (closed proposals are looked at as long)."""

    model_config = SettingsConfigDict(env_prefix="LAUNCHPAD_")

    grace_days: int = Field(30, ge=0, le=3650)
