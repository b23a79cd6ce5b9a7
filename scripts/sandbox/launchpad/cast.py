"""Who and what appears in the seeded Launchpad? Accounts, projects, moments, and what people write."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from scripts.sandbox.launchpad.records import Account
from scripts.sandbox.people import Person, hire
from scripts.sandbox.texts import invent_sentence, invent_text
from scripts.sandbox.world import World

FIRST_ID = 9_990
"""Of bugs, proposals and questions alike, so that bug and question of one number are two documents."""

ACTIVE_DAYS = 7
PROJECTS = ("harbour", "kettle", "lantern", "quarry", "ubuntu")
OUTSIDERS = (
    ("janitor", "Launchpad Janitor", "UTC"),
    ("a-lund", "Åsa Lund", "Europe/Stockholm"),
    ("w-zhao", "赵伟", "Asia/Shanghai"),
    ("j.doe+dev", "J. Doe <dev>", "America/New_York"),
    ("ci-bot", "CI Bot 🤖", "UTC"),
)
"""Accounts of people who are in no directory and never will be. The first is no person at all."""

FIRST_OUTSIDER = 1_000_000
JANITOR = FIRST_OUTSIDER

EXTRAS = (
    "", "", "",
    " &lt;b&gt; &amp;amp; &#39;x&#39;", "\r\n\r\n> quoted\r\n> twice\r\n", " 👩🏽‍💻 🎉",
    " <script>alert(1)</script>", "\n\n$ sudo snap refresh\nerror: 502\n",
    " \u200bzero\u00a0width", " LP: #9991",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cast:
    """What every item is made from. *ranked* has the busiest account first."""

    seed: int
    anchor: date
    people: Sequence[Person]
    ranked: tuple[Account, ...]

    def choose(self, rng: random.Random) -> Account:
        """Somebody; the first few far more often than the rest."""
        rank = int(rng.paretovariate(0.45)) - 1
        return self.ranked[rank] if rank < len(self.ranked) else rng.choice(self.ranked)

    def write(self, rng: random.Random) -> str:
        """Some text as people paste it: several lines, entities, addresses, emoji."""
        return invent_text(rng, self.people) + rng.choice(EXTRAS)

    def title(self, rng: random.Random) -> str:
        """One line."""
        return invent_sentence(rng) + rng.choice(("", "", " &amp; <more>", " 🚀"))

    def last_moment(self, rng: random.Random) -> datetime:
        """A time in the days before the anchor; one in four is a whole second."""
        midnight = datetime.combine(self.anchor, time(), UTC)
        moment = midnight - timedelta(seconds=rng.uniform(1, ACTIVE_DAYS * 86_400))
        return moment.replace(microsecond=0) if rng.randrange(4) == 0 else moment

    def earlier(self, rng: random.Random, moment: datetime) -> datetime:
        """A time before *moment*, by minutes or by a year."""
        return moment - timedelta(seconds=60 * min(rng.paretovariate(0.25), 500_000))

    def between(
        self, rng: random.Random, start: datetime, end: datetime, number: int
    ) -> tuple[datetime, ...]:
        """*number* times in order, after *start*, the last of them *end*."""
        span = (end - start).total_seconds()
        inner = sorted(rng.uniform(0.001, 0.999) * span for _ in range(number - 1))
        return (*(start + timedelta(seconds=offset) for offset in inner), end)[-number:] if number else ()


def gather_cast(world: World, seed: int) -> Cast:
    """The cast of *world*: everyone whom the directory has or may have with a Launchpad id, and outsiders."""
    hired = [(person, hire(person).launchpad_id) for person in world.people]
    accounts = [Account(p.number, name, p.name, p.timezone) for p, name in hired if name is not None]
    random.Random(f"launchpad:{seed}").shuffle(accounts)
    outsiders = [Account(FIRST_OUTSIDER + at, *outsider) for at, outsider in enumerate(OUTSIDERS)]
    # Two of them are busy, so that outsiders show up everywhere.
    ranked = (*accounts[:2], outsiders[1], *accounts[2:5], outsiders[2], *accounts[5:], *outsiders[3:])
    return Cast(seed, world.anchor, tuple(world.people), (*ranked, outsiders[0]))


def spread(rng: random.Random, most: int) -> int:
    """A number from 0 to *most*, mostly small (Zipf-like)."""
    return min(int(rng.paretovariate(0.9)) - 1, most)
