"""A row of a directory becomes a member, or an error that names the column and quotes nothing."""

from datetime import UTC, date, datetime, timedelta

import pytest

from temporaletl.directory.columns import ColumnError, read_day, read_member
from temporaletl.directory.members import Member, is_asked_for, merge_members, spell_account

TODAY = datetime.now(UTC).date()
MONTH = timedelta(days=30)


def read(**row: object) -> Member:
    member = read_member({"employee_id": "e1", "emails": None, **row})
    assert member is not None
    return member


@pytest.mark.parametrize(
    ("emails", "addresses"),
    [
        ("ana@example.com", ("ana@example.com",)),
        ("ana@example.com; Ana+x@Example.com  a@b.org,", ("ana@example.com", "Ana+x@Example.com", "a@b.org")),
        (["ana@example.com", None, " b@c.org "], ("ana@example.com", "b@c.org")),
        ("Ana Bly <ana@example.com>", ("ana@example.com",)),
        ("Ana Bly<ana@example.com>", ("ana@example.com",)),
        ("<ana@example.com>", ("ana@example.com",)),
        ('"Bly, Ana; home@night" <ana@example.com>', ("ana@example.com",)),
        (
            "Bly, Ana <ana@example.com>; Bo <mailto:b@c.org>, d@e.org",
            ("ana@example.com", "b@c.org", "d@e.org"),
        ),
        ("'ana@example.com' <ana@example.com>", ("ana@example.com",)),
        ("ana@example.com (Ana Bly)", ("ana@example.com",)),
        ("MAILTO:ana@example.com o'neil@example.com", ("ana@example.com", "o'neil@example.com")),
        (["Ana Bly <ana@example.com>", "b@c.org"], ("ana@example.com", "b@c.org")),
        ("Ana Bly <>", ()),
        ("n/a", ()),
        ("@example.com ana@", ()),
        (None, ()),
    ],
)
def test_a_member_may_have_several_addresses(emails: object, addresses: tuple[str, ...]) -> None:
    assert read(emails=emails).addresses == addresses


def test_accounts_come_from_their_systems_columns_and_from_one_for_all() -> None:
    member = read(
        launchpad="Ana-LP other", jira=["557058:A", "557058:b"], accounts='{"launchpad": "third", "chat": 7}'
    )
    assert member.accounts == {
        "launchpad": ("ana-lp", "other", "third"),
        "jira": ("557058:A", "557058:b"),
        "chat": ("7",),
    }


def test_an_account_of_salesforce_has_the_18_characters_that_its_interfaces_give() -> None:
    # The pair that Salesforce's own documentation of Ids gives.
    assert spell_account("salesforce", "00530000003T2PG") == "00530000003T2PGAA0"
    assert spell_account("salesforce", "00530000003T2PGAA0") == "00530000003T2PGAA0"


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2025-03-01", date(2025, 3, 1)),
        ("2025-03-01T23:59:59.000+0000", date(2025, 3, 1)),
        ("2025-03-01 10:00:00+00", date(2025, 3, 1)),
        (datetime(2025, 3, 1, 9, tzinfo=UTC), date(2025, 3, 1)),
        ("", None),
        ("infinity", None),
        ("10000-01-01", date.max),
        ("10000-01-01 00:00:00+00", date.max),
        (None, None),
    ],
)
def test_a_day_is_read_however_a_system_gives_it(value: object, day: date | None) -> None:
    assert read_day(value) == day


@pytest.mark.parametrize(
    ("begin", "end", "active"),
    [
        (None, None, True),
        (TODAY - MONTH, TODAY, True),
        (None, TODAY - timedelta(days=1), False),
        (TODAY + MONTH, None, False),
    ],
)
def test_someone_is_active_from_the_first_day_to_the_last(
    begin: date | None, end: date | None, active: bool
) -> None:
    assert read(active_from=begin, active_to=end).active is active


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("active_to", "13/07/2025"),
        ("active_from", "2025-02-30"),
        ("active_from", "2025-02-03x"),
        ("is_test", "perhaps"),
        ("accounts", "secret"),
        ("accounts", '["secret"]'),
        ("emails", {"secret": 1}),
        ("jira", [["secret"]]),
    ],
)
def test_what_a_column_cannot_hold_is_named_and_not_quoted(column: str, value: object) -> None:
    with pytest.raises(ColumnError, match=f"^column {column}: ") as caught:
        read(**{column: value})
    assert str(value) not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("employee_id", [None, "", "  "])
def test_nobody_is_a_member_without_an_employee_id(employee_id: str | None) -> None:
    assert read_member({"employee_id": employee_id, "emails": "ana@example.com"}) is None


@pytest.mark.parametrize(
    ("member", "asked_for"),
    [
        (Member("e1", accounts={"launchpad": ("ana",)}), True),
        (Member("e1", accounts={"jira": ("ana",)}), False),
        (Member("e1", accounts={"launchpad": ("ana",)}, is_test=True), False),
        (Member("e1", accounts={"launchpad": ("ana",)}, active=False), False),
        (Member("e1", accounts={"launchpad": ("ana",)}, active=False, active_to=TODAY - MONTH), True),
        (
            Member("e1", accounts={"launchpad": ("ana",)}, active=False, active_to=TODAY - MONTH * 2),
            False,
        ),
    ],
)
def test_a_backlog_asks_for_whoever_has_an_account_and_is_here_or_left_lately(
    member: Member, asked_for: bool
) -> None:
    assert is_asked_for(member, "launchpad", left_since=TODAY - MONTH) is asked_for


def test_several_records_of_one_person_are_one_member() -> None:
    first = Member("e1", ("a@x.org",), {"launchpad": ("ana",)}, False, date(2020, 1, 1), date(2021, 1, 1))
    again = Member(
        "e1", ("a@x.org", "b@x.org"), {"launchpad": ("ana2",)}, True, date(2023, 1, 1), None, "UTC"
    )
    assert merge_members([first, again]) == Member(
        "e1",
        ("a@x.org", "b@x.org"),
        {"launchpad": ("ana", "ana2")},
        active=True,
        active_from=date(2020, 1, 1),
        active_to=None,
        timezone="UTC",
    )
