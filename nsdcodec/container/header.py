"""The nsd header: all that a file says of itself. Typed, checked once when read, written as canonical JSON.

Unknown fields are ignored (a minor version may add them); what a reader must not ignore, a file lists under `require`.
Spec: spec/header.md and spec/header.schema.json.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from nsdcodec.bases import BASES
from nsdcodec.container import strict_json
from nsdcodec.container.codecs import CODECS
from nsdcodec.errors import InvalidSetting, MalformedFile, UnsupportedFeature, UnsupportedVersion
from nsdcodec.geometry import Geometry
from nsdcodec.layout import DTYPES, FLOATS, LABEL_RULES, PAIRINGS, ArraySpec, Layout, Synthesis

FORMAT_VERSION = (1, 0)
FEATURES: frozenset[str] = frozenset()  # what this reader has beyond 1.0: the names it accepts under `require`
ROLES = ("spectrum", "batch_kernel", "channel_kernel", "height_kernel", "width_kernel", "mask", "labels")
MAX_RANK = 6
MAX_NAME = 256
MAX_DECODED_BYTES = 1 << 30
BLANK_DIGEST = "0" * 64


@dataclass(frozen=True)
class Normalization:
    """Images are stored as (pixel / 255 - mean) / std, for each channel."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class NetworkSpec:
    """A ConvNet of the field: `depth` blocks of 3 x 3 convolution, `width` channels, norm, ReLU, 2 x 2 mean pool. Or a
    fixed architecture by its name (learning/networks.py), whose depth and width are its own."""

    name: str = "convnet"
    depth: int = 3
    width: int = 128


@dataclass(frozen=True)
class TrainingRecipe:
    """How to train on the set: SGD; the rate falls to a tenth at half of the epochs; DSA with `augmentation`.

    Without it a distilled set is of little use: the reported accuracy needs the rate that it was distilled for.
    """

    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 5e-4
    batch_size: int = 256
    epochs: int = 1000
    augmentation: str = "color_crop_cutout_flip_scale_rotate"
    network: NetworkSpec = NetworkSpec()


@dataclass(frozen=True)
class Header:
    """`codecs` holds the codec of each array of the layout; `budget` and `provenance` are plain JSON for people."""

    layout: Layout
    classes: tuple[str, ...]
    normalization: Normalization
    recipe: TrainingRecipe
    parameterization: str
    codecs: Mapping[str, str] = field(default_factory=dict)
    budget: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    version: tuple[int, int] = FORMAT_VERSION
    optional: tuple[str, ...] = ()

    def to_json(self, digest: str = BLANK_DIGEST) -> str:
        """Canonical JSON. `digest` is 64 hexadecimal digits."""
        layout = self.layout
        return strict_json.canonical(
            {
                "version": list(self.version),
                "digest": f"sha256:{digest}",
                "require": [],
                "optional": list(self.optional),
                "geometry": asdict(layout.geometry),
                "classes": list(self.classes),
                "normalization": {name: list(values) for name, values in asdict(self.normalization).items()},
                "parameterization": self.parameterization,
                "synthesis": asdict(layout.synthesis),
                "labels": layout.labels,
                "arrays": {
                    role: {"dtype": spec.dtype, "shape": list(spec.shape)}
                    | ({"codec": codec} if (codec := self.codecs.get(role, "raw")) != "raw" else {})
                    for role, spec in layout.arrays.items()
                },
                "recipe": asdict(self.recipe),
                "budget": self.budget,
                "provenance": self.provenance,
            }
        )


def parse(text: str, digest: str) -> Header:
    """The header of a text, whose digest field must state `digest`, the one found true ('' where none was).
    Raises MalformedFile (rules H, A05, S, L), UnsupportedVersion, UnsupportedFeature."""
    try:
        document = strict_json.parse(text)
    except ValueError as error:
        raise MalformedFile("NSD-H01", str(error)) from error
    root = _Fields(document, "header")
    version = _version(root)
    _features(root)
    if not digest or root.text("digest") != f"sha256:{digest}":
        raise MalformedFile("NSD-H02", "header.digest is not 'sha256:' and 64 digits, or such a field stands twice")
    geometry = _geometry(root.inside("geometry"))
    synthesis = _synthesis(root.inside("synthesis"))
    arrays, codecs = _arrays(root.inside("arrays"))
    layout = Layout(geometry, synthesis, arrays, root.choice("labels", LABEL_RULES))
    return Header(
        layout=layout,
        classes=_classes(root, geometry),
        normalization=_normalization(root.inside("normalization"), geometry),
        recipe=_recipe(root.inside("recipe")),
        parameterization=root.text("parameterization"),
        codecs=codecs,
        budget=root.inside("budget").values,
        provenance=root.inside("provenance").values,
        version=version,
        optional=tuple(root.texts("optional")),
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
    if unknown := [name for name in root.texts("require") if name not in FEATURES]:
        raise UnsupportedFeature(f"the file requires {', '.join(unknown)!r:.200}; install an nsdcodec that has it")


def _geometry(fields: _Fields) -> Geometry:
    try:
        return Geometry(*(fields.integer(name) for name in ("classes", "channels", "height", "width")))
    except InvalidSetting as error:
        raise MalformedFile("NSD-H02", str(error)) from error


def _synthesis(fields: _Fields) -> Synthesis:
    spatial = ("stored", *BASES)
    return Synthesis(
        batch=fields.choice("batch", ("stored", "identity")),
        channel=fields.choice("channel", spatial),
        height=fields.choice("height", spatial),
        width=fields.choice("width", spatial),
        pairing=fields.choice("pairing", PAIRINGS),
    )


def _arrays(fields: _Fields) -> tuple[dict[str, ArraySpec], dict[str, str]]:
    arrays, codecs, total = {}, {}, 0
    for role in fields.values:
        if role not in ROLES:
            raise MalformedFile("NSD-S01", f"unknown role {role[:MAX_NAME]!r}")
        entry = fields.inside(role)
        shape = entry.items("shape")
        if not 1 <= len(shape) <= MAX_RANK:
            raise MalformedFile("NSD-A05", f"{role} has {len(shape)} dimensions; the limit is {MAX_RANK}")
        if any(type(length) is not int or length < 1 for length in shape):
            raise MalformedFile("NSD-H02", f"{role} has the shape {shape}")
        spec = ArraySpec(entry.choice("dtype", tuple(DTYPES)), tuple(shape))
        # As float32 in memory, which is what decoding allocates.
        total += spec.size * (4 if spec.dtype in FLOATS else 1)
        if total > MAX_DECODED_BYTES:
            raise MalformedFile("NSD-A05", f"the arrays up to {role} decode to more than {MAX_DECODED_BYTES:,} bytes")
        arrays[role] = spec
        codecs[role] = entry.choice("codec", CODECS, default="raw")
    return arrays, codecs


def _classes(root: _Fields, geometry: Geometry) -> tuple[str, ...]:
    names = root.texts("classes")
    if len(names) != geometry.classes or len(set(names)) != len(names):
        raise MalformedFile("NSD-H03", f"{len(set(names))} different names for {geometry.classes} classes")
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

    def inside(self, name: str) -> _Fields:
        return _Fields(self._get(name), f"{self.path}.{name}")

    def items(self, name: str) -> list[Any]:
        value = self._get(name)
        if not isinstance(value, list):
            raise self._wrong(name, value, "a list")
        return value

    def text(self, name: str) -> str:
        return self._text(name, self._get(name))

    def texts(self, name: str) -> list[str]:
        return [self._text(name, value) for value in self.items(name)]

    def choice(self, name: str, choices: tuple[str, ...], default: str | None = None) -> str:
        value = self.values.get(name, default) if default is not None else self._get(name)
        if value not in choices:
            raise self._wrong(name, value, f"one of {', '.join(choices)}")
        return str(value)

    def integer(self, name: str, least: int = 0) -> int:
        value = self._get(name)
        if type(value) is not int or not least <= value < 1 << 53:
            raise self._wrong(name, value, f"an integer of at least {least}")
        return value

    def number(self, name: str) -> float:
        return self._number(name, self._get(name))

    def numbers(self, name: str) -> tuple[float, ...]:
        return tuple(self._number(name, value) for value in self.items(name))

    def _get(self, name: str) -> Any:
        if name not in self.values:
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
