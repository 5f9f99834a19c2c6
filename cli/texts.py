"""Values of the command line that need no conversion: texts, taken as they were typed, and what was left out.

Newer versions of typer convert every value by pydantic, a text to a text too, and importing that takes longer than all
else that `nsdc info` does. Of older ones nothing is changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def take_as_typed(parameters: Sequence[Any]) -> None:
    """Spares the parameters of a command (click's, or those of typer's copy of it) conversions that change nothing."""
    for parameter in parameters:
        if hasattr(parameter, "type_descriptor") and "process_value" not in vars(parameter):
            vars(parameter)["process_value"] = _sparing(parameter)


def _sparing(parameter: Any) -> Any:
    kind, convert = parameter.type_descriptor.annotation, parameter.process_value
    single = parameter.nargs == 1 and not getattr(parameter, "multiple", False)

    def process(ctx: Any, value: Any) -> Any:
        found: Any
        if (value is None and single and not parameter.required) or (isinstance(value, str) and kind is str):
            found = value
        elif isinstance(value, list | tuple) and kind == list[str] and value:
            found = list(value)
        else:
            return convert(ctx, value)
        return found if parameter.callback is None else parameter.callback(ctx, parameter, found)

    return process
