"""A table of a paper: rows that differ in parameterization, objective or settings, and their published figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nsdcodec.errors import UnknownName

# Columns beside the kinds of network: the mean of all kinds but the first, and that of all corruptions.
CROSS, AVERAGE = "cross", "average"


@dataclass(frozen=True)
class Row:
    """`form` is a parameterization; an `objective` of None is the one that the scale has for the whole table, so that
    only the parameterization differs; `guided` adds NSD's guidance where the objective is mtt. `changes` are as `--set`
    takes them.

    `published` figures, in %, by "source@ipc" for the network that the set was made with, and by "source@ipc column"
    for another column: a kind of network, `cross`, a corruption or `average`. `x` is its place on the table's axis.
    """

    name: str
    form: str
    objective: str | None = None
    guided: bool = False
    changes: tuple[str, ...] = ()
    published: Mapping[str, str] = field(default_factory=dict)
    x: float | None = None

    def figure(self, source: str, ipc: float, column: str | None = None) -> str:
        """The published figure, exactly as printed; one at another budget with "(IPC n)" behind it; "" for none."""
        wanted = f" {column}" if column else ""
        if (exact := f"{source}@{ipc:g}{wanted}") in self.published:
            return self.published[exact]
        for key, text in self.published.items():
            place, _, found = key.partition(" ")
            if place.partition("@")[0] == source and found == (column or ""):
                return f"{text} (IPC {place.partition('@')[2]})"
        return ""


@dataclass(frozen=True)
class Table:
    """`networks` are the kinds that every set is judged by, the first the one that it is made with; with `cross`, also
    the mean of the others; with `corruptions`, each corruption of CIFAR-10-C in their place. `small_ipc` is the budget
    where one is enough or none was published. `axis` names what the rows' `x` are, for a plot of lines."""

    about: str
    rows: tuple[Row, ...]
    networks: tuple[str, ...] = ("convnet",)
    cross: bool = False
    corruptions: bool = False
    small_ipc: float = 1.0
    axis: str | None = None

    def published_ipcs(self, source: str) -> tuple[float, ...]:
        """The budgets with published figures of the source, ascending; `small_ipc` where there are none."""
        places = {key.partition(" ")[0] for row in self.rows for key in row.published}
        found = {float(place.partition("@")[2]) for place in places if place.partition("@")[0] == source}
        return tuple(sorted(found)) or (self.small_ipc,)

    def chosen(self, names: list[str] | None) -> tuple[Row, ...]:
        """The rows of these names, in the table's order; all for None. Raises UnknownName."""
        known = [row.name for row in self.rows]
        for name in names or ():
            if name not in known:
                raise UnknownName("row", name, known)
        return tuple(row for row in self.rows if names is None or row.name in names)


def figures(source: str, texts: Mapping[float, str], column: str | None = None) -> dict[str, str]:
    """`published` of a row, from texts "68.5 ± 0.8" by IPC."""
    return {f"{source}@{ipc:g}" + (f" {column}" if column else ""): text for ipc, text in texts.items()}
