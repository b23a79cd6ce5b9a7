"""Which jobs come of a page of the backlog? The registry of job makers."""

from collections.abc import Callable, Iterator

from queuer.models.params import Params
from temporaletl.contract import ETLInput
from temporaletl.registry import Registry

type InputsMethod = Callable[[Params], Iterator[ETLInput]]

transform_inputs_method: Registry[InputsMethod] = Registry("inputs method")
