"""The nsd header: everything that a file says about itself. Checked when it is read, written as canonical JSON.

Unknown fields are ignored, since a minor version may add some. What a reader must not ignore, a file lists under
`require`.
Spec: spec/header.md and spec/header.schema.json.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from nsdcodec.errors import InvalidSetting, MalformedFile, UnsupportedFeature, UnsupportedVersion
from nsdcodec.format import named_bases
from nsdcodec.format.container import strict_json
from nsdcodec.format.container.codings import BITWISE, PLAIN, WIDE
from nsdcodec.format.container.framing import MAX_RANK
from nsdcodec.format.geometry import LIMITS, Geometry
from nsdcodec.format.layout import AXES, PAIRINGS, LabelRule, Layout, Synthesis
from nsdcodec.format.recipe import NetworkSpec, Normalization, TrainingRecipe
from nsdcodec.format.stored_types import BITS, SCALED, UNSIGNED, ArraySpec

FORMAT_VERSION = (1, 0)
FEATURES: frozenset[str] = frozenset()  # what this reader has beyond 1.0: the names it accepts under `require`
ROLES = ("spectrum", "batch_kernel", "channel_kernel", "height_kernel", "width_kernel", "mask", "labels")
MAX_NAME = 256
MAX_DECODED_BYTES = 1 << 30
# What an axis of the synthesis can be called; without a name it is stored or the identity.
NAMED = tuple(name for name in named_bases.NAMES if name != "identity")


Name = TypeVar("Name", bound=str)


@dataclass(frozen=True)
class Header:
    """`plain` has the arrays of wide items that a coded file holds plain, not bit by bit; `provenance` is JSON for
    people."""

    layout: Layout
    classes: tuple[str, ...]
    normalization: Normalization
    recipe: TrainingRecipe
    parameterization: str
    plain: frozenset[str] = frozenset()
    provenance: dict[str, Any] = field(default_factory=dict)
    version: tuple[int, int] = FORMAT_VERSION
    optional: tuple[str, ...] = ()

    def to_json(self) -> str:
        """Canonical JSON, in which nothing is said twice."""
        layout = self.layout
        geometry = layout.geometry
        document = {
            "version": list(self.version),
            "image_shape": [geometry.channels, geometry.height, geometry.width],
            "classes": list(self.classes),
            "normalization": {name: list(values) for name, values in asdict(self.normalization).items()},
            "parameterization": self.parameterization,
            "arrays": {role: self._entry(role, spec) for role, spec in layout.arrays.items()},
            "recipe": asdict(self.recipe),
        }
        named = {axis: kind for axis in AXES if (kind := layout.synthesis.axis(axis)) in NAMED}
        pairing = {"pairing": layout.synthesis.pairing} if layout.synthesis.pairing != PAIRINGS[0] else {}
        may_be_absent = {
            "optional": list(self.optional),
            "synthesis": named | pairing,
            "provenance": self.provenance,
        }
        return strict_json.canonical(document | {name: value for name, value in may_be_absent.items() if value})

    def coding(self, role: str) -> str:
        """How a coded file holds this array."""
        return PLAIN if role in self.plain else BITWISE

    def _entry(self, role: str, spec: ArraySpec) -> dict[str, Any]:
        order = {"order": PLAIN} if role in self.plain else {}
        scale_axes = {} if spec.scale_axes is None else {"scale_axes": spec.scale_axes}
        return {"dtype": spec.dtype, "shape": list(spec.shape)} | order | scale_axes


@dataclass(frozen=True)
class Opened:
    """A header whose version and required features this reader has; `parse` reads the rest."""

    root: _Fields
    version: tuple[int, int]


def open_text(text: str) -> Opened:
    """Raises MalformedFile (rules H01, H02), UnsupportedVersion, UnsupportedFeature."""
    try:
        document = strict_json.parse(text)
    except ValueError as error:
        raise MalformedFile("NSD-H01", str(error)) from error
    root = _Fields(document, "header")
    opened = Opened(root, _version(root))
    _features(root)
    return opened


def parse(opened: Opened) -> Header:
    """All fields. Raises MalformedFile (rules H, A05, S, L)."""
    root = opened.root
    classes = _classes(root)
    geometry = _geometry(root, classes)
    arrays, plain = _arrays(root.inside("arrays"))
    synthesis = _synthesis(root.inside("synthesis", {}), arrays)
    return Header(
        layout=Layout(geometry, synthesis, arrays, _label_rule(arrays)),
        classes=classes,
        normalization=_normalization(root.inside("normalization"), geometry),
        recipe=_recipe(root.inside("recipe")),
        parameterization=root.text("parameterization"),
        plain=plain,
        provenance=root.inside("provenance", {}).values,
        version=opened.version,
        optional=tuple(root.texts("optional", [])),
    )


def _version(root: _Fields) -> tuple[int, int]:
    version = root.items("version")
    if len(version) != 2 or any(type(part) is not int or part < 0 for part in version):
        raise MalformedFile("NSD-H02", f"version is {version}, not [major, minor]")
    if version[0] != FORMAT_VERSION[0]:
        raise UnsupportedVersion(
            f"format version {version[0]}.{version[1]}; this reader knows {FORMAT_VERSION[0]}.x; "
            "install a newer nsdcodec"
        )
    return (version[0], version[1])


def _features(root: _Fields) -> None:
    if unknown := [name for name in root.texts("require", []) if name not in FEATURES]:
        raise UnsupportedFeature(f"the file requires {', '.join(unknown)!r:.200}; install an nsdcodec that has it")


def _geometry(root: _Fields, classes: tuple[str, ...]) -> Geometry:
    shape = root.items("image_shape")
    if len(shape) != 3 or any(type(length) is not int for length in shape):
        raise MalformedFile("NSD-H02", f"header.image_shape is {shape!r:.80}, not [channels, height, width]")
    try:
        return Geometry(len(classes), *shape)
    except InvalidSetting as error:
        raise MalformedFile("NSD-H02", str(error)) from error


def _synthesis(fields: _Fields, arrays: Mapping[str, ArraySpec]) -> Synthesis:
    """The named bases that are stated; else an axis is stored where its kernel is present, or the identity. A kernel
    beside a named basis is found by the layout: it is not used."""

    def axis(name: str) -> str:
        if name != "batch" and name in fields.values:
            return fields.choice(name, NAMED)
        return "stored" if f"{name}_kernel" in arrays else "identity"

    batch, channel, height, width = map(axis, AXES)
    return Synthesis(batch, channel, height, width, fields.choice("pairing", PAIRINGS, PAIRINGS[0]))


def _label_rule(arrays: Mapping[str, ArraySpec]) -> LabelRule:
    if "labels" not in arrays:
        return "balanced"
    return "stored" if arrays["labels"].dtype in UNSIGNED else "soft"


def _arrays(fields: _Fields) -> tuple[dict[str, ArraySpec], frozenset[str]]:
    """The specs by role, and the roles of those that stand plain."""
    arrays, plain, total = {}, set(), 0
    for role in fields.values:
        if role not in ROLES:
            raise MalformedFile("NSD-S01", f"unknown role {role[:MAX_NAME]!r}")
        entry = fields.inside(role)
        arrays[role] = _spec(role, entry)
        if "order" in entry.values and entry.choice("order", (PLAIN,) if arrays[role].dtype in WIDE else ()):
            plain.add(role)
        # What decoding allocates: float32, or integers of up to 16 bits.
        total += arrays[role].size * (2 if arrays[role].dtype in UNSIGNED else 4)
        if total > MAX_DECODED_BYTES:
            raise MalformedFile("NSD-A05", f"the arrays up to {role} decode to more than {MAX_DECODED_BYTES:,} bytes")
    return arrays, frozenset(plain)


def _spec(role: str, entry: _Fields) -> ArraySpec:
    dtype, shape = entry.choice("dtype", tuple(BITS)), entry.items("shape")
    if not 1 <= len(shape) <= MAX_RANK:
        raise MalformedFile("NSD-A05", f"{role} has {len(shape)} dimensions; the limit is {MAX_RANK}")
    if any(type(length) is not int or not 1 <= length < 1 << 53 for length in shape):
        raise MalformedFile("NSD-H02", f"{entry.path}.shape is {shape!r:.80}")
    if dtype not in SCALED:
        if "scale_axes" in entry.values:
            raise MalformedFile("NSD-H02", f"{entry.path} is {dtype}; only {', '.join(SCALED)} have scale_axes")
        return ArraySpec(dtype, tuple(shape))
    scale_axes = entry.integer("scale_axes")
    if scale_axes >= len(shape):
        raise MalformedFile("NSD-H02", f"{entry.path}: scale_axes is {scale_axes} of {len(shape)}; the last never has")
    return ArraySpec(dtype, tuple(shape), scale_axes)


def _classes(root: _Fields) -> tuple[str, ...]:
    names = root.texts("classes")
    if not 1 <= len(names) <= LIMITS["classes"] or len(set(names)) != len(names):
        raise MalformedFile(
            "NSD-H03", f"{len(names)} names, {len(set(names))} different ones; 1 to {LIMITS['classes']:,} different"
        )
    return tuple(names)


def _normalization(fields: _Fields, geometry: Geometry) -> Normalization:
    mean, std = fields.numbers("mean"), fields.numbers("std")
    if not len(mean) == len(std) == geometry.channels or min(std) <= 0:
        raise MalformedFile("NSD-H04", f"mean {mean}, std {std} for {geometry.channels} channels; std above 0")
    return Normalization(mean, std)


def _recipe(fields: _Fields) -> TrainingRecipe:
    network = fields.inside("network")
    return TrainingRecipe(
        learning_rate=fields.number("learning_rate"),
        momentum=fields.number("momentum"),
        weight_decay=fields.number("weight_decay"),
        batch_size=fields.integer("batch_size", 1),
        epochs=fields.integer("epochs", 1),
        augmentation=fields.text("augmentation"),
        network=NetworkSpec(network.text("name"), network.integer("depth", 1), network.integer("width", 1)),
    )


class _Fields:
    """A JSON object whose fields are read by type. Each reader raises MalformedFile (H02) that names the field."""

    def __init__(self, values: Any, path: str) -> None:
        if not isinstance(values, dict):
            raise MalformedFile("NSD-H02", f"{path} is not an object")
        self.values: dict[str, Any] = values
        self.path = path

    def inside(self, name: str, default: dict[str, Any] | None = None) -> _Fields:
        return _Fields(self._get(name, default), f"{self.path}.{name}")

    def items(self, name: str, default: list[Any] | None = None) -> list[Any]:
        value = self._get(name, default)
        if not isinstance(value, list):
            raise self._wrong(name, value, "a list")
        return value

    def text(self, name: str) -> str:
        return self._text(name, self._get(name))

    def texts(self, name: str, default: list[Any] | None = None) -> list[str]:
        return [self._text(name, value) for value in self.items(name, default)]

    def choice(self, name: str, choices: tuple[Name, ...], default: Name | None = None) -> Name:
        value = self._get(name, default)
        for choice in choices:
            if value == choice:
                return choice
        raise self._wrong(name, value, f"one of {', '.join(choices)}")

    def integer(self, name: str, least: int = 0) -> int:
        value = self._get(name)
        if type(value) is not int or not least <= value < 1 << 53:
            raise self._wrong(name, value, f"an integer of at least {least}")
        return value

    def number(self, name: str) -> float:
        return self._number(name, self._get(name))

    def numbers(self, name: str) -> tuple[float, ...]:
        return tuple(self._number(name, value) for value in self.items(name))

    def _get(self, name: str, default: Any = None) -> Any:
        """What may be absent has a default."""
        if name not in self.values:
            if default is not None:
                return default
            raise MalformedFile("NSD-H02", f"{self.path}.{name} is missing")
        return self.values[name]

    def _text(self, name: str, value: Any) -> str:
        if not isinstance(value, str) or len(value) > MAX_NAME:
            raise self._wrong(name, value, f"a text of at most {MAX_NAME} characters")
        return value

    def _number(self, name: str, value: Any) -> float:
        if type(value) not in (int, float) or not math.isfinite(value):
            raise self._wrong(name, value, "a number")
        return float(value)

    def _wrong(self, name: str, value: Any, wanted: str) -> MalformedFile:
        return MalformedFile("NSD-H02", f"{self.path}.{name} is {str(value)[:80]!r}, not {wanted}")
