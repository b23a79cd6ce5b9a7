"""Which job fetches a slice of Salesforce cases?"""

from collections.abc import Iterator

from queuer.models.inputs import transform_inputs_method
from queuer.models.params import Params
from queuer.sources.salesforce.params import EVENT_TYPE
from temporaletl.contract import ETLInput, make_job, plugin_of


@transform_inputs_method("salesforce")
def make_case_jobs(params: Params) -> Iterator[ETLInput]:
    """The one job of a slice."""
    yield make_job(plugin_of(str(params["source_kind_id"])), {**params, "event_type": EVENT_TYPE})
