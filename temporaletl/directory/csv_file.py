"""Who does a file say works here? The directory as CSV: UTF-8, a header, commas; read anew every time."""

import csv
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import override

from temporaletl.directory.columns import COLUMNS, REQUIRED, ColumnError, names_accounts, read_member
from temporaletl.directory.members import Directory, HolderPage, Member, merge_members, take_holders
from temporaletl.errors import ConfigurationError, TransientError


class CsvDirectory(Directory):
    """The directory in the file at *path*. A person may stand on several lines.

    Raises ConfigurationError, with line and column, for what cannot be read as a directory: a wrong
    line believed would make somebody unknown. TransientError where the disk fails.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @override
    def read_members(self) -> Iterator[Member]:
        """Everyone on a line with an employee id, in the order of these."""
        return (member for _, member in self._read()[1])

    @override
    def read_account_holders(
        self, system: str, after: str | None, limit: int, left_since: date
    ) -> HolderPage:
        """As Directory says, in the order of employee ids."""
        columns, members = self._read()
        if not names_accounts(columns, system):
            raise self._wrong(f"it has no accounts of {system}: add a column {system}")
        rest = (entry for entry in members if after is None or entry[0] > after)
        return take_holders(rest, system, limit, left_since)

    def _read(self) -> tuple[Sequence[str], list[tuple[str, Member]]]:
        """The file's columns, and its members by their employee ids."""
        columns: list[str] = []
        found: dict[str, list[Member]] = {}
        for line, fields in self._lines():
            if not columns:
                columns = self._read_header(line, fields)
                continue
            if len(fields) != len(columns):
                raise self._wrong(f"line {line} has {len(fields)} columns, the header {len(columns)}")
            try:
                member = read_member(dict(zip(columns, fields, strict=True)))
            except ColumnError as error:
                raise self._wrong(f"line {line}, {error}") from error
            if member is not None:
                found.setdefault(member.employee_id, []).append(member)
        if not found:
            raise self._wrong("it names nobody")
        return columns, [(employee_id, merge_members(found[employee_id])) for employee_id in sorted(found)]

    def _lines(self) -> Iterator[tuple[int, Sequence[str]]]:
        """The fields of each record with the number of its last line; empty lines are nothing."""
        try:
            # A spreadsheet may put a mark of the encoding before the header.
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                reader = csv.reader(file, strict=True)
                try:
                    for fields in reader:
                        if any(field.strip() for field in fields):
                            yield reader.line_num, fields
                except csv.Error as error:
                    raise self._wrong(f"line {reader.line_num} is no CSV ({error})") from error
        except (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError) as error:
            raise self._wrong(f"it cannot be opened ({type(error).__name__})") from error
        except OSError as error:
            raise TransientError(
                f"the directory in the file {self._path} could not be read ({type(error).__name__});"
                " it is read again later"
            ) from error
        except UnicodeDecodeError as error:
            raise self._wrong("it is not UTF-8") from error

    def _read_header(self, line: int, fields: Sequence[str]) -> list[str]:
        columns = [field.strip().lower() for field in fields]
        missing = [name for name in REQUIRED if name not in columns]
        if missing:
            raise self._wrong(
                f"line {line} lacks the columns {', '.join(missing)}; known: {', '.join(COLUMNS)}"
            )
        for at, name in enumerate(columns, 1):
            # A header that is none holds a record, which is not quoted.
            if name not in COLUMNS:
                raise self._wrong(f"line {line}, column {at} is not one of {', '.join(COLUMNS)}")
            if columns.count(name) > 1:
                raise self._wrong(f"line {line} names the column {name} twice")
        return columns

    def _wrong(self, what: str) -> ConfigurationError:
        return ConfigurationError(
            f"the directory in the file {self._path} is not read, {what}: mend the file or DIRECTORY_CSV"
        )
