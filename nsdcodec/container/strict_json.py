"""JSON as the format allows it: no duplicate keys, no NaN or infinity, no deep nesting; and its canonical text."""

from __future__ import annotations

import json
import math
from typing import Any

MAX_DEPTH = 16


def parse(text: str) -> Any:
    """The value of a JSON text. Raises ValueError on what the format forbids."""
    _check_depth(text)
    value = json.loads(
        text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite, parse_int=_integer
    )
    canonical(value).encode()  # a lone surrogate (\ud800) parses, and is not text
    return value


def canonical(value: Any) -> str:
    """The one text of a value: keys sorted, no white space, shortest floats, plain UTF-8. Raises ValueError on NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _check_depth(text: str) -> None:
    # Before json.loads, which recurses. Brackets inside strings do not count.
    depth, in_string, escaped = 0, False, False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError(f"nested deeper than {MAX_DEPTH}")
        elif character in "]}":
            depth -= 1


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
    return int(text)
