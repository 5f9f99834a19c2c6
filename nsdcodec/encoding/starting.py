"""The file that an encode begins from, in place of initial values: whether it fits the task, and what it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.parameterizations.base import Labels, Parameterization, soft_scores
from nsdcodec.encoding.rounding import rounded
from nsdcodec.encoding.settings import Settings
from nsdcodec.errors import InvalidSetting
from nsdcodec.format import synthesis
from nsdcodec.format.class_names import difference, numbers_in
from nsdcodec.format.container.file import NSDFile
from nsdcodec.format.layout import Layout, stored_as
from nsdcodec.format.stored_types import UNSIGNED, VALUES, ArraySpec, ValueType
from nsdcodec.sources.base import Source

# Settings of every parameterization that a task with a start can choose; the others are of the arrays, which are there.
CHOSEN = frozenset({"name", "dtype", "labels", "label_init"})
# By how much the mean and the deviation of the pixels of two sources may differ: half a grey level.
NEAR = 0.5 / 255


def taken_over(settings: Settings, start: NSDFile, changes: Sequence[str] = ()) -> Settings:
    """The settings with what the file says of itself: its stored type, its kind of labels, and its learning rate for
    training, at which a learned student rate begins too. `changes`, each "key=value", come after that. Raises
    InvalidSetting for those that would change the arrays, which are the file's."""
    # First alone, for the parameterization and the objective that they may name.
    settings = settings.with_values(changes)
    kind, header = settings.parameterization, start.header
    for pair, key in zip(changes, settings.keys_of(changes), strict=True):
        head, _, name = key.partition(".")
        if head == "parameterization" and name not in CHOSEN | kind.of_training:
            raise InvalidSetting(f"{key}: the arrays are those of --start; leave {pair} out")
    if header.recipe.learning_rate > 0:
        rate = header.recipe.learning_rate
        settings = replace(
            settings,
            objective=settings.objective.at_rate(rate),
            training=replace(settings.training, learning_rate=rate),
        )
    own = replace(kind, dtype=_dtype(header.layout), labels=_kind(header.layout))
    return replace(settings, parameterization=own).with_values(changes)


def check(start: NSDFile, source: Source, parameterization: Parameterization) -> None:
    """Raises InvalidSetting unless a set of this source and parameterization can begin from the file."""
    header = start.header
    if header.parameterization != parameterization.name:
        raise InvalidSetting(
            f"--start is a set of the parameterization {header.parameterization!r}, and {parameterization.name!r} was "
            f"asked for; give --parameterization {header.parameterization}, or another file"
        )
    if header.layout.geometry != source.geometry:
        raise InvalidSetting(
            f"--start has {header.layout.geometry}, and {source.name} has {source.geometry}; give the source that the "
            "file was distilled from, or another file"
        )
    numbers = numbers_in(source.classes, header.classes)
    if numbers != tuple(range(len(source.classes))):
        how = "in another order" if numbers else difference(header.classes, source.classes, "the file", source.name)
        raise InvalidSetting(
            f"--start and {source.name} do not have the same classes in the same order: {how}; give the source that "
            "the file was distilled from, or another file"
        )
    theirs, ours = header.normalization, source.normalization
    pairs = zip((*theirs.mean, *theirs.std), (*ours.mean, *ours.std), strict=True)
    if any(abs(own - other) > NEAR for own, other in pairs):
        raise InvalidSetting(
            f"--start has images normalised by mean {_short(theirs.mean)} and deviation {_short(theirs.std)}, and "
            f"{source.name} has {_short(ours.mean)} and {_short(ours.std)}; give the source that the file was "
            "distilled from, or another file"
        )
    if header.layout.labels == "soft" and parameterization.labels == "hard":
        raise InvalidSetting(
            "--start has soft labels, and hard ones were asked for; give --labels soft, or a file with hard labels"
        )


def layout(start: NSDFile, parameterization: Parameterization) -> Layout:
    """That of the file, with the stored type and the kind of labels of the parameterization. Where these are the
    file's, it is the file's own."""
    own = start.header.layout
    same = parameterization.dtype == _dtype(own)

    def stored(role: str, spec: ArraySpec) -> ArraySpec:
        kept = same or spec.dtype in UNSIGNED
        return spec if kept else stored_as(role, spec.shape, parameterization.dtype)

    arrays = {role: stored(role, spec) for role, spec in own.arrays.items()}
    if parameterization.labels == _kind(own):
        return replace(own, arrays=arrays)
    shape = (own.images, own.geometry.classes)
    return replace(own, arrays=arrays | {"labels": stored_as("labels", shape, parameterization.dtype)}, labels="soft")


def budget(start: NSDFile, settings: Settings) -> Budget:
    """What the file's arrays take, as these settings store them."""
    return Budget(elements=layout(start, settings.parameterization).elements)


def arrays(start: NSDFile, layout: Layout) -> dict[str, Tensor]:
    """The file's arrays for a layout that `layout` made of it, on the CPU: floats as float32, masks as bool, classes as
    int64. Soft labels of a file that has hard ones begin near these. Raises InvalidSetting where a value is too large
    for its stored type."""
    found = {role: synthesis.to_torch(values) for role, values in start.arrays.items()}
    if layout.labels == "soft" and start.header.layout.labels != "soft":
        found["labels"] = soft_scores(synthesis.labels(start.header.layout, found), layout.geometry.classes)
    stored = rounded(found, layout)
    for role, spec in layout.arrays.items():
        if not stored[role].isfinite().all():
            raise InvalidSetting(
                f"--start: {role} has values up to {found[role].abs().max():.4g}, which {spec.dtype} cannot hold; "
                "choose a type of larger range, such as --set dtype=bfloat16"
            )
    return found


def provenance(start: NSDFile) -> str:
    """For people: the first digits of the file's SHA-256, as `nsdc info` shows it, and how long it was distilled."""
    iterations = start.header.provenance.get("iterations")
    after = f", {iterations:,} iterations" if isinstance(iterations, int) else ""
    return f"{start.digest[:16]}{after}"


def notes(start: NSDFile, seed: int) -> list[str]:
    """The seed decides which images are held out: with another one, the file has learned from some that judge it."""
    own = start.header.provenance.get("seed")
    if not isinstance(own, int) or own == seed:
        return []
    return [
        f"--start was distilled with --seed {own}, which held other images out than --seed {seed} does: it has learned "
        "from some of those that judge it now, and looks better than it is"
    ]


def _dtype(layout: Layout) -> ValueType:
    found = layout.arrays["spectrum"].dtype
    return next(name for name in VALUES if name == found)


def _kind(layout: Layout) -> Labels:
    return "soft" if layout.labels == "soft" else "hard"


def _short(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.3g}" for value in values)
