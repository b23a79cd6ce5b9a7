"""Which job fetches one member's documents of one type?"""

from collections.abc import Iterator

from queuer.models.inputs import transform_inputs_method
from queuer.models.params import Params
from temporaletl.contract import ETLInput, make_job, plugin_of

_ARGUMENTS = ("source_kind_id", "event_type", "date_start", "date_end", "member")


@transform_inputs_method("launchpad")
def make_member_jobs(params: Params) -> Iterator[ETLInput]:
    """The one job of a member and an event type."""
    yield make_job(plugin_of(str(params["source_kind_id"])), {name: params[name] for name in _ARGUMENTS})
