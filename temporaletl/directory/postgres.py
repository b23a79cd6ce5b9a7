"""Read who works here from a PostgreSQL of the team: the directory as the rows of one SELECT.

A reading is one read-only transaction with a cursor on the server, bounded in time on both sides.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Final, override

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row
from psycopg.types.string import TextLoader

from temporaletl.connections import Connections
from temporaletl.directory.columns import REQUIRED, ColumnError, names_accounts, read_member
from temporaletl.directory.line import Line
from temporaletl.directory.members import Directory, HolderPage, Member, merge_members, take_holders
from temporaletl.directory.refusals import translate
from temporaletl.directory.settings import SqlDirectorySettings
from temporaletl.errors import ConfigurationError
from temporaletl.postgres import Server, name_server, read_conninfo
from temporaletl.statements import read_statement

type Row = Mapping[str, object]

_ROWS_A_FETCH: Final = 2000
_PATIENCE: Final = 1.1
"""How much longer we wait than the server was told to: its own end of a reading says more than ours."""


class SqlDirectory(Directory):
    """The directory that DIRECTORY_QUERY lists. A person may have several rows.

    A session lasts as long as its reading, and ends with *connections*. Rows without an employee id are
    left out; columns other than those of a directory are of no interest.
    """

    def __init__(self, settings: SqlDirectorySettings, connections: Connections) -> None:
        self._settings = settings
        self._connections = connections
        self._conninfo = _read_conninfo(settings)
        self._server = _describe_server(self._conninfo)

    @override
    def read_members(self) -> Iterator[Member]:
        """Everyone with an employee id, in the order of these."""
        with self._rows(None) as (_, rows):
            yield from (member for _, member in self._members(rows))

    @override
    def read_account_holders(
        self, system: str, after: str | None, limit: int, left_since: date
    ) -> HolderPage:
        """As Directory says, in the order of employee ids."""
        with self._rows(after) as (columns, rows):
            if not names_accounts(columns, system):
                raise ConfigurationError(
                    f"{self._server.name} has no accounts of {system}: let DIRECTORY_QUERY select a column"
                    f" {system}"
                )
            return take_holders(self._members(rows), system, limit, left_since)

    @contextmanager
    def _rows(self, after: str | None) -> Iterator[tuple[Sequence[str], Iterator[Row]]]:
        """The columns and the rows after the employee id *after*, while the block lasts."""
        query = (self._settings.query or _read_sql("list_directory")).strip().rstrip(";").replace("%", "%%")
        statement = sql.SQL(_read_sql("read_members")).format(query=sql.SQL(query))
        try:
            with self._line() as line, line.connection.cursor("members", row_factory=dict_row) as cursor:
                cursor.itersize = _ROWS_A_FETCH
                cursor.execute(statement, {"after": after})
                columns = [column.name for column in cursor.description or ()]
                missing = [name for name in REQUIRED if name not in columns]
                if missing:
                    raise ConfigurationError(
                        f"{self._server.name} lacks the columns {', '.join(missing)}: name them in"
                        " DIRECTORY_QUERY"
                    )
                yield columns, iter(cursor)
        except psycopg.Error as error:
            raise translate(error, self._server) from error

    @contextmanager
    def _line(self) -> Iterator[Line]:
        timeout_s = self._settings.timeout_s
        connection = psycopg.connect(self._conninfo, prepare_threshold=None)
        with self._connections.keep(Line(connection, timeout_s * _PATIENCE)) as line:
            if connection.info.parameter_status("server_encoding") == "SQL_ASCII":
                raise ConfigurationError(
                    f"{self._server.name} has a database in SQL_ASCII, which does not say how its texts are"
                    " written: let DIRECTORY_DSN lead to one with an encoding, such as UTF8"
                )
            connection.read_only = True
            # Read as text: a date may be infinity, or later than Python can say.
            for name in ("date", "timestamp", "timestamptz"):
                connection.adapters.register_loader(name, TextLoader)
            connection.execute(_read_sql("prepare_session"), {"timeout": f"{timeout_s * 1000:.0f}ms"})
            yield line

    def _members(self, rows: Iterator[Row]) -> Iterator[tuple[str, Member]]:
        """Each member with the key of its rows, which are beside each other."""
        number = 0
        for key, listed in groupby(rows, key=itemgetter("member_key")):
            members: list[Member] = []
            for row in listed:
                number += 1
                try:
                    member = read_member(row)
                except ColumnError as error:
                    raise ConfigurationError(
                        f"{self._server.name}, row {number} in the order of employee ids, {error}: mend it or"
                        " DIRECTORY_QUERY"
                    ) from error
                if member is not None:
                    members.append(member)
            if members:
                yield str(key), merge_members(members)


def _read_conninfo(settings: SqlDirectorySettings) -> str:
    dsn = settings.dsn.get_secret_value()
    # They are tried one after the other, and none can be hung up on meanwhile.
    hosts = str(conninfo_to_dict(read_conninfo("DIRECTORY_DSN", dsn)).get("host") or "").count(",") + 1
    return read_conninfo(
        "DIRECTORY_DSN",
        dsn,
        client_encoding="UTF8",
        connect_timeout=max(2, round(settings.connect_timeout_s / hosts)),
        application_name="temporaletl directory",
        keepalives=1,
        keepalives_idle=30,
        keepalives_interval=10,
        keepalives_count=3,
    )


def _describe_server(conninfo: str) -> Server:
    return Server(
        name=f"the directory in PostgreSQL at {name_server(conninfo)}",
        user=str(conninfo_to_dict(conninfo).get("user") or "of this process"),
        place="host and port in DIRECTORY_DSN",
        database="DIRECTORY_DSN",
        sign_in="user and password in DIRECTORY_DSN",
        tls="DIRECTORY_DSN",
    )


def _read_sql(name: str) -> str:
    return read_statement(__package__, f"sql/{name}.sql")
