"""The base class of parameterizations: each has a layout for a budget and initial values of its arrays, and no
decoder."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import torch
from torch import Tensor

from nsdcodec.encoding.budget import Budget
from nsdcodec.errors import InvalidSetting, MalformedFile, nearest
from nsdcodec.format import synthesis
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import Layout, Synthesis, stored_as
from nsdcodec.format.stored_types import VALUES, ArraySpec, ValueType

# "herding" and "forgetting" are real images too, chosen by `nsdcodec.encoding.coresets`.
Init = Literal["real", "herding", "forgetting", "noise"]
Labels = Literal["hard", "soft"]
LabelInit = Literal["class", "teachers"]
# What soft labels begin with: the probability of an image's own class.
CONFIDENCE = 0.9


@dataclass(frozen=True)
class RealImages:
    """What initial values are made from: `draw`, labels int64 [n] -> normalised real images [n, C, H, W] of those
    classes; `of_class`, a label -> all real training images of that class."""

    draw: Callable[[Tensor], Tensor]
    of_class: Callable[[int], Tensor]


@dataclass(frozen=True)
class Parameterization(ABC):
    """`dtype` is the stored type of the arrays; int8, int6 and int4 have a scale for each slice of a spectrum and each
    row of a batch kernel or of labels, and leave the small kernels in float16. `init` is "real" (from random real
    images), "herding" or "forgetting" (from real images that these rank first) or "noise"; `labels` is "hard" (by the
    rule, no bytes) or "soft" (a distribution over the classes for each image, stored and counted), which begins near
    the image's class, or by `label_init` "teachers" as what these say of the image (`encoding.taught_labels`)."""

    dtype: ValueType = "float16"
    init: Init = "real"
    labels: Labels = "hard"
    label_init: LabelInit = "class"

    name: ClassVar[str]
    # Roles that are stored and never optimised.
    fixed: ClassVar[frozenset[str]] = frozenset({"mask"})
    # Settings that matter in training, and neither for the layout nor for initial values.
    of_training: ClassVar[frozenset[str]] = frozenset()

    def __post_init__(self) -> None:
        for field, choices in (
            ("dtype", VALUES),
            ("init", get_args(Init)),
            ("labels", get_args(Labels)),
            ("label_init", get_args(LabelInit)),
        ):
            self.require_choice(field, choices)

    @abstractmethod
    def layout(self, geometry: Geometry, budget: Budget) -> Layout:
        """The exact arrays and their stored types. Raises OverBudget, with the remedy, where nothing fits."""

    @abstractmethod
    def initial(self, layout: Layout, real: RealImages, generator: torch.Generator) -> dict[str, Tensor]:
        """Initial values of every array but the labels: float32, masks bool."""

    def in_training(self, arrays: Mapping[str, Tensor], generator: torch.Generator) -> Mapping[str, Tensor]:
        """The arrays as one iteration of the optimisation sees them: a parameterization may hide some at random."""
        return arrays

    def laid_out(
        self,
        geometry: Geometry,
        synthesis: Synthesis,
        shapes: Mapping[str, tuple[int, ...]],
        mask: tuple[int, ...] | None = None,
    ) -> Layout:
        """A layout of float arrays of these shapes, with a mask and with soft labels where there are such. Raises
        InvalidSetting where no file can hold as many images or values."""
        arrays = {role: stored_as(role, shape, self.dtype) for role, shape in shapes.items()}
        if mask is not None:
            arrays["mask"] = ArraySpec("uint1", mask)
        try:
            hard = Layout(geometry, synthesis, arrays)
            if self.labels == "hard":
                return hard
            scores = stored_as("labels", (hard.images, geometry.classes), self.dtype)
            return Layout(geometry, synthesis, arrays | {"labels": scores}, "soft")
        except MalformedFile as error:
            raise InvalidSetting(f"{self.name}: {error}; lower the budget or the number of images") from error

    def require_choice(self, field: str, choices: tuple[str, ...]) -> None:
        value = getattr(self, field)
        if value not in choices:
            known = f"{', '.join(choices[:-1])} or {choices[-1]}"
            raise InvalidSetting(f"{self.name}: {field} is {value!r}; {nearest(value, choices)}it can be {known}")

    def require_positive(self, *fields: str) -> None:
        for field in fields:
            value = getattr(self, field)
            if value is not None and value < 1:
                raise InvalidSetting(f"{self.name}: {field} is {value}; it must be at least 1")


def initial_arrays(
    parameterization: Parameterization, layout: Layout, real: RealImages, generator: torch.Generator
) -> dict[str, Tensor]:
    """The parameterization's initial values, and soft labels that begin near the hard ones."""
    arrays = parameterization.initial(layout, real, generator)
    if layout.labels == "soft":
        arrays["labels"] = soft_scores(synthesis.balanced_labels(layout), layout.geometry.classes)
    return arrays


def soft_scores(labels: Tensor, classes: int) -> Tensor:
    """Scores float32 [n, classes] of which the softmax gives each image's own class the probability CONFIDENCE, for
    labels int64 [n]."""
    lead = math.log(CONFIDENCE * max(1, classes - 1) / (1 - CONFIDENCE))
    scores = lead * torch.nn.functional.one_hot(labels, classes)
    return scores - scores.mean(dim=1, keepdim=True)
