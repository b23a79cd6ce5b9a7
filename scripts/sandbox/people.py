"""Who lives in the seeded world? People and apps, what Jira tells about them and what the directory does."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import JsonValue

JIRA = "https://jira.example.com"

FIRST = (
    "Ana", "Björn", "Chiara", "Dmitri", "Élodie", "Fatima", "Gustav", "Hana",
    "Ibrahim", "Joana", "Kenji", "Łucja", "Miguel", "Nadia", "Ömer", "Priya",
    "Quentin", "Rosa", "Søren", "Tomáš", "Ursula", "Víctor", "Wei", "Ximena",
    "Yusuf", "Zoë",
)  # fmt: skip
LAST = (
    "Almeida", "Bakker", "Černý", "Dubois", "Eriksen", "Ferrari", "García",
    "Haddad", "Ito", "Jansen", "Kowalska", "Lindqvist", "Müller", "Nakamura",
    "O'Brien", "Pérez", "Quispe", "Rossi", "Šimić", "Tanaka", "Usman", "Virtanen",
    "Wójcik", "Xu", "Yilmaz", "Zhang",
)  # fmt: skip
ZONES = (
    "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Shanghai",
    "America/Sao_Paulo", "Australia/Sydney", "Europe/London", "Asia/Kathmandu",
    "Pacific/Honolulu", "UTC",
)  # fmt: skip
LAST_MODIFIED = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
"""When the directory's records were last changed; a leaver's when that person left, where it is said."""

APPS = ("Automation for Jira", "GitHub for Jira", "Slack", "Build Bot")


@dataclass(frozen=True, slots=True)
class Person:
    """One account. *directory_email* is None for whoever is not in the directory.

    *jira_email* is what jira.users tells (often nothing); *shown_email* whether documents show it too.
    *left_at*, aware UTC, dates the directory's record of whoever has left.
    """

    number: int
    name: str
    account_id: str
    timezone: str
    is_app: bool = False
    employee_id: str | None = None
    directory_email: str | None = None
    jira_email: str | None = None
    shown_email: bool = False
    launchpad_id: str | None = None
    active: bool = True
    is_test: bool = False
    left_at: datetime | None = None

    @property
    def emails(self) -> frozenset[str]:
        """Every spelling of an address of this person that any system knows."""
        return frozenset(filter(None, (self.directory_email, self.jira_email)))


def invent_person(number: int, seed: int) -> Person:
    """Person *number*, the same for the same seed.

    One in ten is not in the directory; three in ten hide their address in jira.users, two in ten
    have a tagged one there; a few have left, or are test users, or have no Launchpad id.
    """
    rng = random.Random(f"person:{seed}:{number}")
    first, last = rng.choice(FIRST), rng.choice(LAST)
    plain = f"{_ascii(first)}.{_ascii(last)}.{number}"
    account_id = f"{rng.randrange(557058, 712020)}:{rng.getrandbits(64):016x}{number:06x}"
    spelling = number % 10
    jira_email = {
        0: None,
        1: None,
        2: None,
        3: f"{plain}+jira@example.com",
        4: f"{plain}+team@example.com",
    }.get(spelling, f"{plain}@example.com")
    person = Person(
        number=number,
        name=f"{first} {last}",
        account_id=account_id,
        timezone=ZONES[(number * 7 + rng.randrange(3)) % len(ZONES)],
        jira_email=jira_email,
        shown_email=number % 5 == 3,
    )
    return person if number % 10 == 7 else hire(person)


def hire(person: Person) -> Person:
    """The same person with an entry in the directory."""
    plain = f"{'.'.join(map(_ascii, person.name.split(' ', 1)))}.{person.number}@example.com"
    return Person(
        number=person.number,
        name=person.name,
        account_id=person.account_id,
        timezone=person.timezone,
        employee_id=f"E{person.number:06d}",
        directory_email=plain.title() if person.number % 6 == 5 else plain,
        jira_email=person.jira_email,
        shown_email=person.shown_email,
        launchpad_id=None
        if person.number % 4 == 2
        else f"lp-{_ascii(person.name.split(' ')[0])}-{person.number}",
        active=person.number % 11 != 8,
        is_test=person.number % 23 == 20,
    )


def invent_app(number: int, seed: int) -> Person:
    """An app: it acts in Jira, and is nobody."""
    rng = random.Random(f"app:{seed}:{number}")
    account_id = f"557058:{rng.getrandbits(64):016x}{number:06x}"
    return Person(number, APPS[number % len(APPS)], account_id, "UTC", is_app=True)


def show_in_jira(person: Person) -> dict[str, JsonValue]:
    """The person as Jira's documents show an author."""
    picture = f"https://avatar.example.com/{person.number}?s="
    shown: dict[str, JsonValue] = {
        "self": f"{JIRA}/rest/api/2/user?accountId={person.account_id}",
        "accountId": person.account_id,
        "avatarUrls": {f"{size}x{size}": f"{picture}{size}" for size in (48, 24, 16, 32)},
        "displayName": person.name,
        "active": person.active,
        "timeZone": person.timezone,
        "accountType": "app" if person.is_app else "atlassian",
    }
    if person.shown_email and person.jira_email:
        shown["emailAddress"] = person.jira_email
    return shown


def show_in_directory(person: Person) -> Mapping[str, JsonValue]:
    """The person's Team_Member record in Salesforce."""
    return {
        "Id": f"a0B{person.number:012d}EAA",
        "Name": person.name,
        "Unique_Id": person.employee_id,
        "Email": person.directory_email,
        "Launchpad_ID": person.launchpad_id,
        "Employment_Status": "Active Employee" if person.active else "Former Employee",
        "Is_Test_User__c": person.is_test,
        "LastModifiedDate": f"{person.left_at or LAST_MODIFIED:%Y-%m-%dT%H:%M:%S}.000+0000",
    }


def _ascii(name: str) -> str:
    plain = name.lower().translate(str.maketrans("öéłøšžčćíáüëóñ", "oeloszcciaueon"))
    return "".join(character for character in plain if character.isascii() and character.isalpha())
