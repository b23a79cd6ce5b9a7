"""What holds for every test: none meets a proxy or a libpq variable that a terminal happens to export."""

from scripts.sandbox.surroundings import forget_surroundings


def pytest_configure() -> None:
    """Before any fixture starts a server or opens a session."""
    forget_surroundings()
