"""What is there to fetch? The registry of backlog questions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from temporaletl.connections import Connections
from temporaletl.contract import Window
from temporaletl.registry import Registry

type Params = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class BacklogRequest:
    """One run's question to a source.

    *max_params* bounds the parameters of one page (each usually becomes one job); *job_size* is how
    many documents a job should name or span.
    """

    source_kind_id: str
    window: Window
    job_size: int
    max_params: int
    connections: Connections


@dataclass(frozen=True, slots=True)
class BacklogPage:
    """Backlog parameters, and the cursor (small JSON) of the next page; None after the last.

    *notes* counts what was seen but cannot become a job, by reason ("rows without id").
    """

    params: Sequence[Params]
    cursor: JsonValue
    notes: Mapping[str, int] = field(default_factory=dict)


type ParamsMethod = Callable[[BacklogRequest, JsonValue], BacklogPage]

params_method: Registry[ParamsMethod] = Registry("params method")
