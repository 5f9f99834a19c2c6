"""The exceptions: one class for each kind of thing that can go wrong. All are subclasses of `NsdError`.

Every message names the value, the limit and the remedy. The library only raises them; the command line prints the
message and exits with the `exit_code` of the class.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# The rules of the format, by id: the list in spec/errors.md, the checks of the reader and this table are the same list.
RULES = {
    "NSD-F01": "the file ends before its own lengths say",
    "NSD-F02": "the file or its header is larger than the limit",
    "NSD-F03": "the safetensors header is not strict JSON",
    "NSD-F04": "the metadata is not exactly one text under the key 'nsd'",
    "NSD-F05": "a tensor entry is not exactly a dtype, a shape and its offsets",
    "NSD-F06": "the tensors do not cover the data from its first byte to its last, each byte once",
    "NSD-F07": "the header is no multiple of 8 bytes, or a tensor stands after one of smaller items",
    "NSD-F08": "the last tensor is not the digest, sha256, U8 [32]",
    "NSD-H01": "the nsd header is not strict JSON",
    "NSD-H02": "a header field is missing or has the wrong type or range",
    "NSD-H03": "the class names are none, too many, or not all different",
    "NSD-H04": "the normalization does not fit the channels",
    "NSD-A01": "the tensors of the file are not those that the table asks for",
    "NSD-A02": "a tensor's dtype or shape differs from what the table asks for",
    "NSD-A03": "the coded arrays do not decode to exactly what the table says",
    "NSD-A04": "an array holds a value that its type does not allow, or a padding bit that is set",
    "NSD-A05": "the arrays or images have more bytes, values or dimensions than the limit",
    "NSD-S01": "an array has a role that is unknown or not used, or there is no spectrum",
    "NSD-S02": "an array's shape or dtype does not fit the synthesis",
    "NSD-S03": "the mask does not select as many places as there are coefficients",
    "NSD-S04": "an image has a value that is not finite in binary32",
    "NSD-L01": "the labels are not one class, or one row of scores, an image",
    "NSD-L02": "a label is outside the classes",
}


MAX_DETAIL = 400


class NsdError(Exception):
    """The base class of every error that nsdcodec raises on purpose."""

    exit_code = 1


class MalformedFile(NsdError):
    """The file breaks a rule of the format; `rule` is its id in `RULES`. Where the file is of another kind, and
    `detail` says which, that matters more than the rule and stands alone."""

    exit_code = 3

    def __init__(self, rule: str, detail: str, other_kind: bool = False) -> None:
        if len(detail) > MAX_DETAIL:  # it may quote the file, whose texts can be megabytes
            detail = detail[:MAX_DETAIL] + "..."
        super().__init__(f"{detail} ({rule})" if other_kind else f"{rule}: {RULES[rule]}: {detail}")
        self.rule = rule
        self.detail = detail

    def __reduce__(self) -> tuple[type[MalformedFile], tuple[str, str]]:
        return (type(self), (self.rule, self.detail))


class DigestMismatch(NsdError):
    """The bytes of the file are not those that were written: their SHA-256 is not the one that its last 32 bytes
    state."""

    exit_code = 4


class UnsupportedVersion(NsdError):
    """The major version of the file's format is not the one that this reader knows."""

    exit_code = 5


class UnsupportedFeature(NsdError):
    """The file requires a feature that this reader does not have."""

    exit_code = 5


class TooLarge(NsdError):
    """The file keeps every rule that was checked, and this machine lacks the memory for its arrays or images."""

    exit_code = 8


class OverBudget(NsdError):
    """No layout, or not the one that was asked for, fits the budget. `file_bytes` is the size of the smallest file that
    is possible, where it is known."""

    exit_code = 6

    def __init__(self, message: str, file_bytes: int | None = None) -> None:
        super().__init__(message)
        self.file_bytes = file_bytes

    def __reduce__(self) -> tuple[type[OverBudget], tuple[str, int | None]]:
        return (type(self), (str(self), self.file_bytes))


class OverMemory(NsdError):
    """The work does not fit the memory limit that was given, even one image at a time."""

    exit_code = 6


class MissingData(NsdError):
    """A source of real images was not found, or an optional package that is needed is not installed."""

    exit_code = 7


class InvalidSource(NsdError):
    """A source of real images was found and cannot be used: mixed image sizes, an empty class, labels out of range."""

    exit_code = 7


class FileAccess(NsdError):
    """The operating system refused to read or to write: missing, no permission, disk full."""

    exit_code = 7


class InvalidSetting(NsdError):
    """A setting or an argument is outside its range, or contradicts another one."""

    exit_code = 2


def nearest(name: str, known: Iterable[str]) -> str:
    """A question that suggests the nearest of the known names, or nothing where none is near."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}? " if near else ""


# So many known names are listed, where one is not known; of more, the three that are nearest.
MOST_LISTED, NEAREST = 25, 3


class UnknownName(InvalidSetting):
    """A name that is not known, of a recipe or a class for example; the message suggests the nearest known name."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        super().__init__(f"unknown {kind} {name!r}: {nearest(name, self.known)}{self._listed()}")

    def _listed(self) -> str:
        if len(self.known) <= MOST_LISTED:
            return f"known: {', '.join(self.known)}"

        def likeness(known: str) -> float:
            """Of a dotted name, its last part counts too."""
            parts = (known, known.rpartition(".")[2])
            return max(difflib.SequenceMatcher(None, self.name, part).ratio() for part in parts)

        return f"nearest of {len(self.known)}: {', '.join(sorted(self.known, key=likeness, reverse=True)[:NEAREST])}"

    def __reduce__(self) -> tuple[type[UnknownName], tuple[str, str, list[str]]]:
        return (type(self), (self.kind, self.name, self.known))


class Diverged(NsdError):
    """Optimisation diverged: too many steps in a row had a loss that is not finite, or a network's weights are not."""


class OutOfMemory(NsdError):
    """The device ran out of memory during a step of the encoder."""


class WorkerDied(NsdError, RuntimeError):
    """A worker process of a loader was killed. It is a RuntimeError as well, which is what PyTorch raises then."""


class RankLost(NsdError):
    """Another process of a distributed run was killed, or does not answer."""

    exit_code = 7


class Interrupted(NsdError):
    """The user stopped the run. What it had reached is on disk, and the run can be resumed."""

    exit_code = 130
