"""nsdc recipes: the named settings, and every key that --set takes."""

from __future__ import annotations

from typing import Annotated

import typer

from nsdcodec.errors import UnknownName

from . import output, progress


def recipes(
    name: Annotated[str | None, typer.Argument(help="Show every setting of this recipe.", show_default=False)] = None,
    json: bool = output.JSON,
) -> None:
    """List the recipes, or every setting of one: the keys that `encode --set` takes, what they mean, their choices."""
    from nsdcodec.encoding.recipe_names import ABOUTS

    if name is not None and name not in ABOUTS:
        raise UnknownName("recipe", name, ABOUTS)
    if name is not None:
        # Settings are the objects that distil, which need PyTorch; the list of the recipes does not.
        with progress.shown("recipes", "loading PyTorch"):
            from nsdcodec.encoding.meanings import described
            from nsdcodec.encoding.recipes import recipe

            settings = recipe(name)
        if json:
            output.print_json(settings.flat())
        else:
            output.print_pairs([(key, f"{value}: {meaning}") for key, (value, meaning) in described(settings).items()])
        return
    if json:
        output.print_json(ABOUTS)
    else:
        output.print_pairs(list(ABOUTS.items()))
