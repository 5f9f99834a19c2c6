"""JSON as the format allows it: no duplicate keys, no NaN or infinity, of bounded depth and count; and its canonical
text."""

from __future__ import annotations

import json
import math
import re
from typing import Any

MAX_DEPTH = 16
# An empty list is two bytes of text and seventy of memory.
MAX_VALUES = 1 << 17
# A string, also one that does not end, as one token, so that no place of it is looked at twice; a bracket; a comma.
_TOKENS = re.compile(r'"[^"\\]*+(?:\\(?:.|\Z)[^"\\]*+)*+(?:"|\Z)|[\[\]{},]', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_MAYBE_SURROGATE = re.compile("\\\\u[dD][89a-fA-F]|[\ud800-\udfff]")


def parse(text: str) -> Any:
    """The value of a JSON text. Raises ValueError on what the format forbids."""
    _check_size(text)
    value = json.loads(
        text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite, parse_int=_integer
    )
    if _MAYBE_SURROGATE.search(text):
        _check_texts(value)
    return value


def canonical(value: Any) -> str:
    """The one text of a value: keys sorted, no white space, shortest floats, plain UTF-8. Raises ValueError on NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _check_size(text: str) -> None:
    # Before json.loads, which recurses and makes all values. Brackets and commas inside strings do not count.
    depth, values = 0, 1
    for token in _TOKENS.finditer(text):
        character = text[token.start()]
        if character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError(f"nested deeper than {MAX_DEPTH}")
        elif character in "]}":
            depth -= 1
        if character in "[{,":
            values += 1
            if values > MAX_VALUES:
                raise ValueError(f"more than {MAX_VALUES:,} values")


def _check_texts(value: Any) -> None:
    # A lone surrogate (\ud800) parses, and is not text.
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_texts(key)
            _check_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_texts(inner)
    elif isinstance(value, str) and (found := _SURROGATE.search(value)):
        raise ValueError(f"a lone surrogate, {found.group()!a}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"the key {key!r} stands twice")
            seen.add(key)
    return result


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not finite")
    return value


def _integer(text: str) -> int:
    # Longer ones than any field holds; int() itself is quadratic in the digits.
    if len(text) > 19:
        raise ValueError(f"an integer of {len(text)} digits")
    if text == "-0":  # to other parsers, safetensors' too, a float
        raise ValueError("an integer written -0")
    return int(text)
