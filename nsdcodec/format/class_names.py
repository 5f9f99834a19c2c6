"""Class names: the numbers that labels have in another list of the same classes.

Labels are numbers, and two lists can name the same classes in different orders. Whatever brings together labels from
two lists does it by these functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

SHOWN = 5  # names that a message quotes at most


def short(names: Sequence[str]) -> str:
    """The first three, and how many there are."""
    shown = ", ".join(repr(name) for name in names[:3]) + (", ..." if len(names) > 3 else "")
    return f"{len(names)} class{'es' * (len(names) != 1)} ({shown})"


def numbers_in(known: Sequence[str], names: Sequence[str]) -> tuple[int, ...] | None:
    """For each of `names`, in their order, the number of the same class in `known`; None if the two lists do not name
    the same classes.

    Names that only number the classes, from 0 or from 1, name nothing: such a list has the same classes as any other of
    its length, in the order of its numbers.
    """
    if set(names) == set(known):
        return places(known, names)
    if len(names) != len(known) or not (_only_numbers(names) or _only_numbers(known)):
        return None
    same = dict(zip(_in_order(names), _in_order(known), strict=True))
    return tuple(same[number] for number in range(len(names)))


def places(known: Sequence[str], names: Sequence[str]) -> tuple[int, ...]:
    """The place in `known` of each of `names`, all of which are there."""
    place_of = {name: place for place, name in enumerate(known)}
    return tuple(place_of[name] for name in names)


def union(lists: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """All names of several lists, each once, in the order in which they first appear."""
    return tuple(dict.fromkeys(name for names in lists for name in names))


def renumbered(labels: Tensor, numbers: Sequence[int], classes: int) -> Tensor:
    """Labels in a list of `classes` names in which class c has the number numbers[c]: int64 [N], or distributions,
    float32 [N, classes], whose columns are moved. Always a copy."""
    new = torch.tensor(numbers, dtype=torch.int64)
    if labels.ndim == 1:
        return new[labels]
    moved = labels.new_zeros(len(labels), classes)
    moved[:, new] = labels
    return moved


def difference(names: Sequence[str], others: Sequence[str], whose: str, whose_others: str) -> str:
    """For messages: the names that only one of two lists has, each list called by what it is the list of."""
    sides = ((names, set(others), whose), (others, set(names), whose_others))
    own = [([name for name in side if name not in there], owner) for side, there, owner in sides]
    return " and ".join(f"only {owner} has {_quoted(only)}" for only, owner in own if only)


def _only_numbers(names: Sequence[str]) -> bool:
    if not all(name.isdecimal() for name in names):
        return False
    values = sorted(map(int, names))
    return values in (list(range(len(names))), list(range(1, len(names) + 1)))


def _in_order(names: Sequence[str]) -> list[int]:
    """The places in a list: by number if the names are only numbers, which sorted as texts are in another order."""
    key = (lambda place: int(names[place])) if _only_numbers(names) else None
    return sorted(range(len(names)), key=key)


def _quoted(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:SHOWN]))
    return f"{shown} and {len(names) - SHOWN:,} more" if len(names) > SHOWN else shown
