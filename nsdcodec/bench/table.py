"""A table of a paper: rows that differ in parameterization, objective or settings, and their published figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nsdcodec.errors import UnknownName

# Columns beside the kinds of network: the mean of all kinds but the first, and that of all corruptions.
CROSS, AVERAGE = "cross", "average"


@dataclass(frozen=True)
class Row:
    """One row of a table. `form` is its parameterization. An `objective` of None means the one that the scale has for
    the whole table, so that only the parameterization differs between rows. `guided` adds NSD's guidance if the
    objective is mtt. `changes` are settings, as `--set` takes them.

    `published` has figures in %: by "source@ipc" for the network that the set was made with, and by "source@ipc column"
    for another column, which is a kind of network, `cross`, a corruption or `average`. `x` is the row's place on the
    table's axis. `note` is what the reader must know of the row. One that does not run (`runs`) has published figures
    alone, no form, and its reason as its note.
    """

    name: str
    form: str
    objective: str | None = None
    guided: bool = False
    changes: tuple[str, ...] = ()
    published: Mapping[str, str] = field(default_factory=dict)
    x: float | None = None
    note: str = ""
    runs: bool = True

    def figure(self, source: str, ipc: float, column: str | None = None) -> str:
        """The published figure, exactly as printed. A figure of another budget has "(IPC n)" after it; "" if there is
        none."""
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
    """`networks` are the kinds of network that evaluate every set; the set is made with the first. With `cross` there
    is also the mean of the others; with `corruptions` there is each corruption of CIFAR-10-C instead. `small_ipc` is
    the budget that is used if one budget is enough, or if none was published. `axis` says what the rows' `x` is, for a
    plot of lines."""

    about: str
    rows: tuple[Row, ...]
    networks: tuple[str, ...] = ("convnet",)
    cross: bool = False
    corruptions: bool = False
    small_ipc: float = 1.0
    axis: str | None = None

    def published_ipcs(self, source: str) -> tuple[float, ...]:
        """The budgets for which figures of this source were published, ascending; `small_ipc` if there are none."""
        places = {key.partition(" ")[0] for row in self.rows for key in row.published}
        found = {float(place.partition("@")[2]) for place in places if place.partition("@")[0] == source}
        return tuple(sorted(found)) or (self.small_ipc,)

    def chosen(self, names: list[str] | None) -> tuple[Row, ...]:
        """The rows of these names, in the order of the table; all rows for None. Raises UnknownName."""
        known = [row.name for row in self.rows]
        for name in names or ():
            if name not in known:
                raise UnknownName("row", name, known)
        return tuple(row for row in self.rows if names is None or row.name in names)


def not_run(name: str, published: Mapping[str, str], reason: str) -> Row:
    """A row with published figures alone."""
    return Row(name, "", published=published, note=reason, runs=False)


def figures(source: str, texts: Mapping[float, str], column: str | None = None) -> dict[str, str]:
    """`published` of a row, from texts such as "68.5 ± 0.8" by IPC."""
    return {f"{source}@{ipc:g}" + (f" {column}" if column else ""): text for ipc, text in texts.items()}
