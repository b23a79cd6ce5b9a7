"""Which directory of people was configured? The one place that knows every backend."""

from typing import assert_never

from temporaletl.connections import Connections
from temporaletl.directory.csv_file import CsvDirectory
from temporaletl.directory.members import Directory
from temporaletl.directory.postgres import SqlDirectory
from temporaletl.directory.salesforce import SalesforceDirectory
from temporaletl.directory.settings import (
    CsvDirectorySettings,
    DirectorySettings,
    SalesforceDirectorySettings,
    SqlDirectorySettings,
)
from temporaletl.salesforce import connect_salesforce


def connect_directory(connections: Connections) -> Directory:
    """The directory that DIRECTORY_BACKEND names; its calls end when *connections* are closed.

    Nothing is asked before the first reading. Raises ConfigurationError where its settings are missing.
    """
    backend = connections.settings(DirectorySettings).backend
    match backend:
        case "salesforce":
            names = connections.settings(SalesforceDirectorySettings)
            return SalesforceDirectory(connect_salesforce(connections, connections.pacer(backend)), names)
        case "sql":
            return SqlDirectory(connections.settings(SqlDirectorySettings), connections)
        case "csv":
            return CsvDirectory(connections.settings(CsvDirectorySettings).csv)
    assert_never(backend)
