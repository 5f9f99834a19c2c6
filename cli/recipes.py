"""nsdc recipes: the named settings, and every key that --set takes."""

from __future__ import annotations

from typing import Annotated

import typer

from . import output


def recipes(
    name: Annotated[str | None, typer.Argument(help="Show every setting of this recipe.", show_default=False)] = None,
    json: bool = output.JSON,
) -> None:
    """List the recipes, or every setting of one: the keys that `encode --set` takes."""
    if name is not None:
        from nsdcodec.encoding.recipes import recipe

        flat = recipe(name).flat()
        if json:
            output.print_json(flat)
        else:
            output.print_pairs([(key, "auto" if value is None else str(value)) for key, value in flat.items()])
        return
    from nsdcodec.encoding.recipe_names import ABOUTS

    if json:
        output.print_json(ABOUTS)
    else:
        output.print_pairs(list(ABOUTS.items()))
