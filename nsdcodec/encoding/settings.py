"""Settings of an encode: all that decides what it makes, with the keys that change them by name."""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nsdcodec.encoding.coresets import Coreset
from nsdcodec.encoding.objectives import OBJECTIVES, Guidance, Guided, Objective
from nsdcodec.encoding.objectives.distribution import DistributionMatching
from nsdcodec.encoding.parameterizations import PARAMETERIZATIONS
from nsdcodec.encoding.parameterizations.base import Parameterization
from nsdcodec.encoding.parameterizations.nsd import NSD
from nsdcodec.encoding.taught_labels import Teachers
from nsdcodec.errors import InvalidSetting, UnknownName
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import NetworkSpec, TrainingRecipe
from nsdcodec.learning import networks

OptimizerKind = typing.Literal["adam", "sgd"]


@dataclass(frozen=True)
class Optimizer:
    """`kind` is adam or sgd. With adam, `learning_rate` is relative: a step moves a value by about that share of the
    root mean square that its array began with. It falls to zero as half a cosine, or not (`decay`). `momentum` is that
    of sgd, and adam's first beta. `label_rate` is the rate of soft labels' scores: 0 leaves them as they begin; None is
    as for the other arrays, which under sgd is no choice, since a rate for images suits no score. The loss of an
    iteration is the mean of `draws` independent ones (with other trajectories, student batches and real images each),
    which several processes can share: see `draws`."""

    kind: OptimizerKind = "adam"
    learning_rate: float = 0.02
    decay: bool = True
    momentum: float = 0.9
    label_rate: float | None = None
    draws: int = 1

    def __post_init__(self) -> None:
        if self.draws < 1:
            raise InvalidSetting(f"optimizer.draws is {self.draws}; it must be at least 1")
        if self.kind not in typing.get_args(OptimizerKind):
            raise InvalidSetting(f"optimizer.kind is {self.kind!r}; it can be adam or sgd")
        if not self.learning_rate > 0:
            raise InvalidSetting(f"optimizer.learning_rate is {self.learning_rate}; it must be above 0")
        if self.label_rate is not None and not self.label_rate >= 0:
            raise InvalidSetting(f"optimizer.label_rate is {self.label_rate}; it must be at least 0")
        if not 0 <= self.momentum < 1:
            raise InvalidSetting(f"optimizer.momentum is {self.momentum}; it must be at least 0 and below 1")


@dataclass(frozen=True)
class Validation:
    """A checkpoint is judged `checks` times in a run (and before it): a network of `width` channels (a ConvNet; others
    have their own) is trained on it for `epochs` and tested on `per_class` real training images a class that are held
    out of everything else."""

    per_class: int = 200
    checks: int = 4
    epochs: int = 60
    width: int = 64

    def __post_init__(self) -> None:
        if min(self.per_class, self.checks, self.epochs, self.width) < 1:
            raise InvalidSetting(f"validation: each of {self} must be at least 1")


@dataclass(frozen=True)
class Settings:
    """All that decides what an encode makes, besides the source, the budget and the seed."""

    parameterization: Parameterization = field(default_factory=NSD)
    objective: Objective[Any] = field(default_factory=DistributionMatching)
    guidance: Guidance = field(default_factory=Guidance)
    optimizer: Optimizer = field(default_factory=Optimizer)
    coreset: Coreset = field(default_factory=Coreset)
    teachers: Teachers = field(default_factory=Teachers)
    validation: Validation = field(default_factory=Validation)
    network: NetworkSpec = field(default_factory=NetworkSpec)
    training: TrainingRecipe = field(default_factory=TrainingRecipe)
    iterations: int = 1000

    def __post_init__(self) -> None:
        if self.iterations < 0:
            raise InvalidSetting(f"iterations is {self.iterations}; it must be at least 0")
        # What a file could not hold, or what no network can be made of: refused here, not after hours of training.
        for name, network in (("network", self.network), ("training.network", self.training.network)):
            try:
                networks.check(network)
            except UnknownName:
                raise
            except InvalidSetting as error:
                raise InvalidSetting(f"{name}: {error}") from error
        training = self.training
        if min(training.epochs, training.batch_size) < 1:
            raise InvalidSetting(
                f"training: epochs {training.epochs}, batch_size {training.batch_size}; both must be at least 1"
            )
        if not training.learning_rate > 0 or training.momentum < 0 or training.weight_decay < 0:
            raise InvalidSetting(
                f"training: learning_rate {training.learning_rate}, momentum {training.momentum}, weight_decay "
                f"{training.weight_decay}; the first must be above 0, the others at least 0"
            )

    @property
    def guided(self) -> bool:
        return self.guidance.weight != 0 and self.objective.trains

    @property
    def guided_objective(self) -> Objective[Any]:
        """The objective, with guidance around it where there is any."""
        return Guided(self.objective, self.guidance) if self.guided else self.objective

    @property
    def trains_networks(self) -> bool:
        """Whether networks that are kept in the experts' folder are trained on the real images beforehand."""
        return self.objective.expert_count > 0 or self.parameterization.label_init == "teachers"

    def flat(self) -> dict[str, Any]:
        """Every setting by its dotted key, as `with_values` takes it."""
        return dict(_flat(self, ""))

    def with_names(self, parameterization: str | None, objective: str | None) -> Settings:
        """The same with another parameterization or objective, at its own defaults. Raises UnknownName."""
        settings = self
        if parameterization is not None and parameterization != self.parameterization.name:
            kind = _named("parameterization", parameterization, PARAMETERIZATIONS)
            settings = replace(settings, parameterization=kind())
        if objective is not None and objective != self.objective.name:
            settings = replace(settings, objective=_named("objective", objective, OBJECTIVES)())
        return settings

    def with_values(self, pairs: Sequence[str]) -> Settings:
        """The same with each "key=value" set. A key is dotted, or its last part where only one key has it.

        Raises UnknownName, with the nearest key, and InvalidSetting.
        """
        settings = self
        for pair in pairs:
            key, equals, text = pair.partition("=")
            if not equals:
                raise InvalidSetting(f"--set {pair}: write --set key=value")
            settings = _replaced(settings, _resolve(key.strip(), list(settings.flat())), text.strip())
        return settings

    def keys_of(self, pairs: Sequence[str]) -> list[str]:
        """The dotted keys of "key=value" pairs. Raises what `with_values` does for keys."""
        return [_resolve(pair.partition("=")[0].strip(), list(self.flat())) for pair in pairs]


def for_geometry(settings: Settings, geometry: Geometry, augmentation: str) -> Settings:
    """Networks as deep as the images allow (the field's ConvNet3 at 32 pixels, 4 at 64, 5 at 128; 2 at 8), and the
    source's augmentation, for distilling as for training. Made before anything is set by hand, which then stays."""
    side = min(geometry.height, geometry.width)
    depth = max(1, min(5, side.bit_length() - 3 if side >= 32 else side.bit_length() - 2))
    network = replace(settings.training.network, depth=depth)
    training = replace(settings.training, augmentation=augmentation, network=network)
    return replace(settings, network=replace(settings.network, depth=depth), training=training)


def _flat(value: Any, prefix: str) -> typing.Iterator[tuple[str, Any]]:
    if prefix in ("parameterization.", "objective."):
        yield prefix + "name", value.name
    for entry in dataclasses.fields(value):
        inner = getattr(value, entry.name)
        if dataclasses.is_dataclass(inner):
            yield from _flat(inner, f"{prefix}{entry.name}.")
        else:
            yield prefix + entry.name, inner


def _resolve(key: str, known: list[str]) -> str:
    if key in known:
        return key
    same_end = [name for name in known if name.rpartition(".")[2] == key]
    if len(same_end) == 1:
        return same_end[0]
    if same_end:
        raise InvalidSetting(f"--set {key}: write one of {', '.join(same_end)}")
    raise UnknownName("setting", key, known)


def _replaced(value: Any, key: str, text: str) -> Any:
    """The dataclass with one dotted key set from its text; made anew, and so checked anew."""
    head, _, rest = key.partition(".")
    if rest == "name" and head in ("parameterization", "objective"):
        return value.with_names(text, None) if head == "parameterization" else value.with_names(None, text)
    if key == "name" and isinstance(value, NetworkSpec):
        return networks.named(text, value)  # which brings the depth and width that it has
    if rest:
        return replace(value, **{head: _replaced(getattr(value, head), rest, text)})
    return replace(value, **{head: _converted(key, text, typing.get_type_hints(type(value))[head])})


def _converted(key: str, text: str, kind: Any) -> Any:
    options = typing.get_args(kind) if typing.get_origin(kind) is types.UnionType else (kind,)
    if type(None) in options and text.lower() in ("none", "auto"):
        return None
    (wanted,) = [option for option in options if option is not type(None)]
    if wanted is str:
        return text
    if typing.get_origin(wanted) is typing.Literal:
        return _named(key, text, {name: name for name in typing.get_args(wanted)})
    try:
        value = json.loads(text.lower())
    except ValueError:
        value = None
    if wanted is float and type(value) is int:
        value = float(value)
    # JSON has no word for infinity, but 1e999 is read as one.
    if type(value) is not wanted or (isinstance(value, float) and not math.isfinite(value)):
        names = {bool: "true or false", int: "an integer", float: "a finite number"}
        raise InvalidSetting(f"--set {key}={text}: give {names[wanted]}")
    return value


def _named(kind: str, name: str, registry: dict[str, Any]) -> Any:
    if name not in registry:
        raise UnknownName(kind, name, registry)
    return registry[name]
