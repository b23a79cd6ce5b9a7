"""Which job fetches a slice of Jira issues?"""

from collections.abc import Iterator

from queuer.models.inputs import transform_inputs_method
from queuer.models.params import Params
from temporaletl.contract import ETLInput, make_job, plugin_of

EVENT_TYPE = "issues"

_ARGUMENTS = ("source_kind_id", "date_start", "date_end")
_SLICES = (("after", "upto"), ("updated_from", "updated_to"))


@transform_inputs_method("jira")
def make_slice_jobs(params: Params) -> Iterator[ETLInput]:
    """The one job of a slice. The slice's count stays out: the same range is the same work."""
    [bounds] = [names for names in _SLICES if names[0] in params]
    args = {name: params[name] for name in (*_ARGUMENTS, *bounds)}
    yield make_job(plugin_of(str(params["source_kind_id"])), {**args, "event_type": EVENT_TYPE})
