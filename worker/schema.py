"""The warehouse's DDL and GRANTs for an administrator: ``python -m worker schema > ddl.sql``.

All that is printed can be run: what is no statement is a comment.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from temporaletl.contract import events_table
from temporaletl.environment import read_models, require_settings
from temporaletl.errors import ConfigurationError, TemporalETLError
from temporaletl.process import read_env_file
from temporaletl.registry import discover
from temporaletl.settings import SchemaSettings, SourceSettings, WarehouseSettings
from worker.external.wpe_db.catalogue import NOTHING, Catalogue, read_catalogue
from worker.external.wpe_db.connect import Connection, Warehouse, name_role, open_warehouse
from worker.external.wpe_db.earlier import count_left
from worker.external.wpe_db.schema import find_missing
from worker.external.wpe_db.script import write_script
from worker.external.wpe_db.statements import compose
from worker.models.query import query_type

_HEAD = """\
Everything that workers of this release need in schema {schema} of the warehouse, for the role {role}.
Run it as the role that is to own the tables: psql -v ON_ERROR_STOP=1 -f FILE. It may be run again: what is
there stays, a table of an earlier layout gets what it lacks, and no row is rewritten.
Where it ends with a lock time-out nothing was changed: somebody keeps a table. Run it again.
The indexes at the end let nobody write to their table while they are built; a worker that owns the table
builds those that are missing beside everybody else."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What there is in a warehouse, and what there is to say of it, a sentence each."""

    found: Catalogue
    said: tuple[str, ...]


def print_schema(parser: argparse.ArgumentParser, role: str | None) -> int:
    """Print the statements; 0, or 1 with a sentence where the settings are wrong, 2 without a role."""
    try:
        for finding in read_env_file():
            print(f"worker schema: {finding.finding}: {finding.remedy}", file=sys.stderr)
        discover("worker.sources")
        sources = _choose_sources()
        [schema] = require_settings(SchemaSettings)
        reading = read_models([WarehouseSettings])
        settings = next((one for one in reading.settings if isinstance(one, WarehouseSettings)), None)
        if role is None and settings is not None:
            role = name_role(settings)
        if not role:
            parser.error("name the role of the workers with --role, or in WPE_DB_USER or WPE_DB_DSN")
        if settings is None:
            seen = _Seen(NOTHING, (f"The warehouse was not looked at: {'; '.join(reading.problems)}",))
        else:
            seen = _look(settings, sources)
        for line in _HEAD.format(schema=schema.db_schema, role=role).splitlines():
            _print_comment(line)
        for sentence in seen.said:
            _print_comment(sentence)
        for statement in write_script(schema.db_schema, sources, role, seen.found):
            print(f"\n{statement}")
    except TemporalETLError as error:
        print(f"worker schema: {error}", file=sys.stderr)
        return 1
    return 0


def _print_comment(text: str) -> None:
    print(f"-- {' '.join(text.split())}")


def _choose_sources() -> tuple[str, ...]:
    """The sources that SOURCES names, or all."""
    [settings] = require_settings(SourceSettings)
    wanted = settings.sources or tuple(query_type)
    unknown = [name for name in wanted if name not in query_type]
    if unknown:
        raise ConfigurationError(
            f"SOURCES (there is no source {unknown[0]!r}; known: {', '.join(query_type) or 'none'})"
        )
    return tuple(sorted(wanted))


def _look(settings: WarehouseSettings, sources: Sequence[str]) -> _Seen:
    """Look at the warehouse, as far as it lets us.

    Raises ConfigurationError where it has a newer layout than ours.
    """
    try:
        warehouse = open_warehouse(settings, max_connections=1)
    except TemporalETLError as error:
        return _Seen(NOTHING, (f"The warehouse was not looked at: {error}",))
    with closing(warehouse):
        with warehouse.session("etl-schema") as conn:
            found = read_catalogue(conn, warehouse.schema)
            missing = find_missing(conn, found, sources)
        said = [f"Missing now: {what}" for what in missing] or ["Nothing of it is missing now."]
        for source in sources:
            said += _count_left(warehouse, found, source)
    return _Seen(found, tuple(said))


def _count_left(warehouse: Warehouse, found: Catalogue, source: str) -> Iterator[str]:
    """Say how many rows of the earlier tool are left in the events table of *source*."""
    columns = found.columns.get(events_table(source))
    if columns is None:
        return
    try:
        with warehouse.session("etl-schema") as conn:
            yield f"Rows of the earlier tool in {events_table(source)}: {_say_left(conn, source, columns)}"
    except TemporalETLError as error:
        yield f"Rows of the earlier tool in {events_table(source)} were not counted: {error}"


def _say_left(conn: Connection, source: str, columns: frozenset[str]) -> str:
    if "document_id" not in columns:
        [rows] = conn.execute(compose("count_rows", conn.schema, source)).fetchone() or (0,)
        return f"{rows}, which a worker adopts as soon as the table has its columns"
    left = count_left(conn, source)
    return (
        f"{left.unread} of documents that no load has read yet,"
        f" {left.without_document} that no document is known of"
    )
