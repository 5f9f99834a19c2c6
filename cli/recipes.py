"""nsdc recipes: the named settings, and every key that --set takes."""

from __future__ import annotations

from typing import Annotated

import typer

from nsdcodec.errors import UnknownName

from . import output


def recipes(
    name: Annotated[str | None, typer.Argument(help="Show every setting of this recipe.", show_default=False)] = None,
    json: bool = output.JSON,
) -> None:
    """List the recipes, or every setting of one: the keys that `encode --set` takes, what they mean, their choices."""
    from nsdcodec.encoding.recipe_names import ABOUTS, shown

    if name is not None and name not in ABOUTS:
        raise UnknownName("recipe", name, ABOUTS)
    if name is not None:
        settings = shown(name)
        if json:
            output.print_json({key: value for key, (value, _) in settings.items()})
        else:
            texts = {key: "auto" if value is None else str(value) for key, (value, _) in settings.items()}
            output.print_pairs([(key, f"{texts[key]}: {meaning}") for key, (_, meaning) in settings.items()])
        return
    if json:
        output.print_json(ABOUTS)
    else:
        output.print_pairs(list(ABOUTS.items()))
