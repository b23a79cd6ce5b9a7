"""How are a job's documents fetched? The registry of extract methods."""

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import JsonValue

from temporaletl.contract import Page
from temporaletl.registry import Registry

type Extract = Callable[[Any, JsonValue], Iterator[Page]]
"""(query, cursor) -> pages. A plain generator; each page's cursor resumes after it."""

extract_method: Registry[Extract] = Registry("extract method")
