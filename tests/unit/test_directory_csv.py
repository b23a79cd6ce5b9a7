"""The directory in a file: read anew every time, and not at all where a line is wrong."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from temporaletl.connections import Connections
from temporaletl.directory.connect import connect_directory
from temporaletl.directory.members import Directory
from temporaletl.directory.settings import CsvDirectorySettings, DirectorySettings
from temporaletl.errors import ConfigurationError

NOW = datetime.now(UTC).date()
LEFT_SINCE = NOW - timedelta(days=30)

HEADER = "employee_id,emails,launchpad,active_from,active_to,is_test\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


@pytest.fixture
def directory(path: Path) -> Directory:
    return connect_directory(
        Connections([DirectorySettings(_env_file=None, backend="csv"), CsvDirectorySettings(csv=path)])
    )


def walk(directory: Directory, limit: int, system: str = "launchpad") -> list[str]:
    """The employee ids of all pages."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = directory.read_account_holders(system, cursor, limit, LEFT_SINCE)
        assert len(page.members) <= limit
        found += [member.employee_id for member in page.members]
        cursor = page.cursor
        if cursor is None:
            return found


def test_a_file_is_read_with_its_mark_its_line_ends_and_its_quotes(path: Path, directory: Directory) -> None:
    lines = 'Employee_ID , emails,timezone\r\n"e1","ana@example.com;\r\nb@example.com",UTC\r\n\r\ne2,,\r\n'
    path.write_bytes(lines.encode("utf-8-sig"))
    first, second = directory.read_members()
    assert (first.employee_id, first.addresses, first.timezone) == (
        "e1",
        ("ana@example.com", "b@example.com"),
        "UTC",
    )
    assert (second.employee_id, second.addresses, second.active) == ("e2", (), True)


def test_lines_of_one_employee_are_one_member_and_lines_of_nobody_are_left_out(
    path: Path, directory: Directory
) -> None:
    path.write_text(f"{HEADER}e1,a@x.org,ana,,,\n,nobody@x.org,no-one,,,\ne1,b@x.org,ana,,,\n")
    [member] = directory.read_members()
    assert member.addresses == ("a@x.org", "b@x.org")
    assert member.accounts == {"launchpad": ("ana",)}


def test_the_file_is_read_anew_every_time(path: Path, directory: Directory) -> None:
    path.write_text(f"{HEADER}e1,a@x.org,ana,,,\n")
    assert [member.employee_id for member in directory.read_members()] == ["e1"]
    path.write_text(f"{HEADER}e2,a@x.org,ana,,,\n")
    assert [member.employee_id for member in directory.read_members()] == ["e2"]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_hold_every_holder_once_and_no_one_else(path: Path, directory: Directory, limit: int) -> None:
    path.write_text(
        f"{HEADER}e5,,eve,,,\ne1,,ana,,,\ne2,,,,,\ne3,,cy,,,yes\ne1,,Ana,,,\n"
        f"e4,,dan,,{NOW - timedelta(days=3)},\ne6,,flo,,{NOW - timedelta(days=300)},\n"
    )
    assert walk(directory, limit) == ["e1", "e4", "e5"]


def test_whoever_joins_during_the_walk_is_neither_skipped_nor_doubled(
    path: Path, directory: Directory
) -> None:
    path.write_text(f"{HEADER}e1,,ana,,,\ne3,,cy,,,\n")
    page = directory.read_account_holders("launchpad", None, 1, LEFT_SINCE)
    path.write_text(f"{HEADER}e0,,early,,,\ne3,,cy,,,\ne2,,bo,,,\n")
    rest = directory.read_account_holders("launchpad", page.cursor, 5, LEFT_SINCE)
    assert [member.employee_id for member in rest.members] == ["e2", "e3"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "names nobody"),
        (HEADER, "names nobody"),
        (f"{HEADER},x@x.org,,,,\n", "names nobody"),
        ("employee_id,launchpad\ne1,ana\n", "line 1 lacks the columns emails"),
        ("employee_id,emails,Secret\n", "line 1, column 3 is not one of employee_id, emails"),
        ("employee_id,emails,emails\n", "line 1 names the column emails twice"),
        (f"{HEADER}e1,,ana,,,\ne2,secret\n", "line 3 has 2 columns, the header 6"),
        (f"{HEADER}e1,,ana,,,\ne2,,bo,,31.12.2025,\n", "line 3, column active_to: a date is written"),
        (f"{HEADER}e1,,ana,,,secret\n", "line 2, column is_test: true or false"),
        (f'{HEADER}e1,"a@x.org"secret,,,,\n', "line 2 is no CSV"),
        (f'{HEADER}e1,"a@x.org\n', "line 2 is no CSV"),
        (f"{HEADER}e1,\xe9,,,,\n".encode("latin-1"), "not UTF-8"),
    ],
)
def test_a_file_that_is_no_directory_is_refused_with_line_and_column(
    path: Path, directory: Directory, content: str | bytes, said: str
) -> None:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for read in (lambda: list(directory.read_members()), lambda: walk(directory, 10)):
        with pytest.raises(ConfigurationError, match=said) as caught:
            read()
        assert "DIRECTORY_CSV" in str(caught.value)
        assert "secret" not in str(caught.value).lower()
        assert "31.12" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(path: Path, directory: Directory) -> None:
    with pytest.raises(ConfigurationError, match=r"people\.csv.*FileNotFoundError.*DIRECTORY_CSV"):
        list(directory.read_members())


def test_a_system_whose_accounts_the_file_lacks_is_named(path: Path, directory: Directory) -> None:
    path.write_text(f"{HEADER}e1,,ana,,,\n")
    with pytest.raises(ConfigurationError, match="no accounts of jira: add a column jira"):
        walk(directory, 10, "jira")


def test_no_day_of_a_member_is_lost(path: Path, directory: Directory) -> None:
    path.write_text(f"{HEADER}e1,,ana,2020-01-01,2021-12-31,\n")
    [member] = directory.read_members()
    assert (member.active_from, member.active_to, member.active) == (
        date(2020, 1, 1),
        date(2021, 12, 31),
        False,
    )
