"""What is asked? Questions in .sql and .soql files, beside the modules that ask them."""

from importlib import resources


def read_statement(package: str, name: str) -> str:
    """The text of the file *name* beside the modules of *package*."""
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")
