"""Writes nsdcodec/encoding/recipes.json, which `nsdc recipes NAME` shows without PyTorch. Run it when a recipe, a
default or a meaning changes (`make recipes`); a test says so."""

from __future__ import annotations

import json

from nsdcodec.encoding.meanings import table
from nsdcodec.encoding.recipe_names import TABLE

if __name__ == "__main__":
    TABLE.write_text(json.dumps(table(), indent=1) + "\n", encoding="utf-8")
