"""Source: the real images that a set is distilled from and tested on."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from nsdcodec.errors import InvalidSetting, InvalidSource
from nsdcodec.format.class_names import difference, numbers_in, renumbered
from nsdcodec.format.container.header import MAX_NAME
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import Normalization
from nsdcodec.sources.facts import Facts, Kept
from nsdcodec.sources.streamed import Streamed
from nsdcodec.system.devices import on_device

WITH_FLIP = "color_crop_cutout_flip_scale_rotate"
WITHOUT_FLIP = "color_crop_cutout_scale_rotate"
# A mirrored digit is another sign, or none.
NEVER_FLIPPED = frozenset({"digits", "mnist", "svhn"})
# What is split off as the test set where there is none: of each class one in so many images, and none of a class with
# fewer than these, since one is to be trained on and another to be held out. Always by one seed, so that `nsdc eval`
# tests on what `nsdc encode` left out.
TEST_SHARE, LEAST_WITH_TEST, TEST_SEED = 5, 3, 0
# A constant channel has a deviation of 0, and images are divided by it.
LEAST_STD = 1e-3


@dataclass(frozen=True, eq=False)
class Split:
    """The training or the test images of a source: images uint8 [N, C, H, W] and labels int64 [N], on the CPU. They are
    checked when a Source is made of it. Images that are `Streamed` are not in memory; both kinds of images can be
    indexed by int64 numbers.

    `blended` of the images were transparent in places and are laid on white; `vanished` of these became all white.
    `kept` is where the facts about all images of a large file are kept; a part of them has none.
    """

    images: Tensor | Streamed
    labels: Tensor
    blended: int = 0
    vanished: int = 0
    kept: Kept | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def chunks(self) -> Iterator[Tensor]:
        """All images in their order: at once where they are in memory, else some megabytes at a time."""
        return iter([self.images]) if isinstance(self.images, Tensor) else self.images.chunks()

    def held(self) -> Split:
        """The same split with its images in memory."""
        return self if isinstance(self.images, Tensor) else Split(self.images[torch.arange(len(self))], self.labels)


@dataclass(frozen=True, eq=False)
class Source:
    """Real images of named classes. `augmentation` is the DSA strategy that suits them; `left_out` has the names of
    files, folders or arrays that were not read, since they are neither training nor test set by their names; `resized`
    says how image files were brought to one size; `split_off` is how many test images were taken from the training set.

    Raises InvalidSource for what cannot be distilled: wrong dtypes or shapes, no images, a class without a training
    image, labels outside the classes, class names that a file cannot hold. A test set may lack a class.
    """

    name: str
    classes: tuple[str, ...]
    train: Split
    test: Split | None
    augmentation: str
    left_out: tuple[str, ...] = ()
    resized: str = ""
    split_off: int = 0

    def __post_init__(self) -> None:
        check_classes(self.name, self.classes)
        _check_split(f"{self.name}, train", self.train, self.classes)
        if self.test is not None:
            _check_split(f"{self.name}, test", self.test, self.classes)
            train, test = list(self.train.images.shape[1:]), list(self.test.images.shape[1:])
            if train != test:
                raise InvalidSource(
                    f"{self.name}: an image is {train} in train and {test} in test; bring all to one shape"
                )
        counts = torch.bincount(self.train.labels, minlength=len(self.classes))
        if empty := [self.classes[label] for label in (counts == 0).nonzero().flatten().tolist()]:
            raise InvalidSource(
                f"{self.name}: no training image of {', '.join(map(repr, empty[:5]))} ({len(empty):,} of "
                f"{len(self.classes):,} classes); each class needs at least 1: add images or remove the class"
                + _begin_at_1(self.train.labels)
            )
        try:
            _ = self.geometry
        except InvalidSetting as error:
            raise InvalidSource(f"{self.name}: {error}; resize the images or split the set") from error

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of how the images were read, a sentence each; the commands print them."""
        resized = (f"{self.name}: {self.resized}",) if self.resized else ()
        return (*self._note_left_out(), *resized, *self._note_blended(), *self._note_split_off())

    def _note_left_out(self) -> tuple[str, ...]:
        if not self.left_out:
            return ()
        names = ", ".join(self.left_out[:5]) + (f" and {len(self.left_out) - 5:,} more" if self.left_out[5:] else "")
        return (f"{self.name}: not read, being neither the training nor the test set by name: {names}",)

    def _note_blended(self) -> tuple[str, ...]:
        parts = [self.train, self.test] if self.test else [self.train]
        blended, vanished = sum(part.blended for part in parts), sum(part.vanished for part in parts)
        if not blended:
            return ()
        images = "1 image is" if blended == 1 else f"{blended:,} images are"
        note = f"{self.name}: {images} transparent in places and {'was' if blended == 1 else 'were'} laid on white"
        hidden = (
            f"; {vanished:,} of them became all white: lay them on another colour yourself if that hides what they show"
        )
        return (note + (hidden if vanished else ""),)

    def _note_split_off(self) -> tuple[str, ...]:
        if not self.split_off:
            return ()
        return (
            f"{self.name}: no test set is there, so {self.split_off:,} of the {len(self.train) + self.split_off:,} "
            f"images are it, a random fifth of each class: every nsdc command takes the same ones, and none "
            "trains on them",
        )

    @property
    def geometry(self) -> Geometry:
        """Number of classes, and shape of an image."""
        return Geometry(len(self.classes), *self.train.images.shape[1:])

    @cached_property
    def sha256(self) -> str:
        """64 hexadecimal digits, over the train images' shape and bytes and their labels as little-endian int64."""
        return self._facts.sha256

    @cached_property
    def test_sha256(self) -> str:
        """The same of the test set; "" where there is none."""
        return _digest(self.test) if self.test is not None else ""

    @cached_property
    def normalization(self) -> Normalization:
        """Mean and deviation of each channel of the train images, in 0 to 1 units, rounded to 4 decimals."""
        return self._facts.normalization

    @cached_property
    def _facts(self) -> Facts:
        """In one pass through the train images, or as they were kept of an earlier one."""
        kept = self.train.kept
        if kept is not None and (known := kept.read()) is not None:
            return known
        counts = Counts(self.geometry.channels)
        sha256 = _digest(self.train, counts.add)
        facts = Facts(sha256, _normalization(counts))
        if kept is not None:
            kept.write(facts)
        return facts

    def numbered_as(self, classes: Sequence[str], whose: str = "the other list") -> Source:
        """The same images, with the labels that they have in another list of the same class names, such as
        `dataset.classes`. Names that only number the classes, from 0 or from 1, go with those of any other list.

        Arguments:
            classes: the names, in the order that the labels shall have.
            whose: what the list is called in the message of the error.

        Raises:
            InvalidSetting: the lists do not name the same classes.

        Examples:
            >>> digits = load_source("digits")
            >>> backwards = digits.numbered_as(digits.classes[::-1])
            >>> int(digits.train.labels[0] + backwards.train.labels[0])
            9
        """
        if self.classes == tuple(classes):
            return self
        numbers = numbers_in(classes, self.classes)
        if numbers is None:
            raise InvalidSetting(
                f"other classes: {difference(classes, self.classes, whose, self.name)}; labels go by the names of the "
                "classes: use a source of the same classes, or rename them alike"
            )
        train, test = (
            Split(split.images, renumbered(split.labels, numbers, len(classes))) if split else None
            for split in (self.train, self.test)
        )
        assert train is not None
        return replace(self, classes=tuple(classes), train=train, test=test)

    def with_test_set(self) -> Source:
        """The same source; where it has no test set, a random fifth of the images of each class is split off as one, at
        least one image, and none of a class with fewer than three. Always the same of the same images. If no class has
        three, there is still no test set."""
        sizes = torch.bincount(self.train.labels, minlength=len(self.classes))
        counts = torch.where(sizes < LEAST_WITH_TEST, 0, ((sizes + TEST_SHARE // 2) // TEST_SHARE).clamp(min=1))
        if self.test is not None or not counts.any():
            return self
        test = drawn(self.train.labels, counts, TEST_SEED)
        rest = replace(selected(self.train, ~test), blended=self.train.blended, vanished=self.train.vanished)
        return replace(self, train=rest, test=selected(self.train, test), split_off=int(counts.sum()))

    def hold_out(self, per_class: int, seed: int) -> tuple[Source, Split]:
        """The source without `per_class` random training images a class, and those images: for choosing checkpoints,
        so that the test set is never chosen on. The same for the same seed.

        Raises InvalidSource where that would leave a class without a training image.
        """
        if per_class < 1:
            raise InvalidSetting(f"{per_class} images a class to hold out; it must be at least 1")
        counts = torch.bincount(self.train.labels, minlength=len(self.classes))
        least = int(counts.argmin())
        if int(counts[least]) == 1:
            raise InvalidSource(
                f"{self.name}: class {self.classes[least]!r} has 1 training image; at least 2 are needed, one to "
                "distil and one to hold out: add images or remove the class"
            )
        if per_class >= int(counts[least]):
            raise InvalidSource(
                f"{self.name}: class {self.classes[least]!r} has {int(counts[least]):,} training images; holding out "
                f"{per_class:,} leaves none: hold out at most {int(counts[least]) - 1:,} a class"
            )
        held = drawn(self.train.labels, torch.full_like(counts, per_class), seed)
        return replace(self, train=selected(self.train, ~held)), selected(self.train, held)


class Counts:
    """How often each of the 256 values stands in each channel: exact, without a float copy of the images."""

    def __init__(self, channels: int) -> None:
        self.channels = [torch.zeros(256, dtype=torch.int64) for _ in range(channels)]

    def add(self, images: Tensor) -> None:
        for channel, counts in enumerate(self.channels):
            counts += torch.bincount(images[:, channel].reshape(-1), minlength=256)


def _normalization(counts: Counts) -> Normalization:
    mean, std = [], []
    for channel in counts.channels:
        # Integer sums: the same digits on every machine.
        n = int(channel.sum())
        total = sum(value * count for value, count in enumerate(channel.tolist()))
        squares = sum(value * value * count for value, count in enumerate(channel.tolist()))
        mean.append(round(total / (n * 255), 4))
        std.append(max(round((n * squares - total * total) ** 0.5 / (n * 255), 4), LEAST_STD))
    return Normalization(tuple(mean), tuple(std))


def _digest(split: Split, see: Callable[[Tensor], None] = lambda part: None) -> str:
    """`see` gets all images too, part by part."""
    hasher = hashlib.sha256(repr(tuple(split.images.shape)).encode())
    for part in split.chunks():
        hasher.update(np.ascontiguousarray(part.numpy()).data)
        see(part)
    hasher.update(np.ascontiguousarray(split.labels.numpy(), dtype="<i8").data)
    return hasher.hexdigest()


def drawn(labels: Tensor, counts: Tensor, seed: int) -> Tensor:
    """Which of the images, bool [N], are `counts[c]` random ones of each class c. The same for the same seed."""
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    order = order[torch.argsort(labels[order], stable=True)]
    sizes = torch.bincount(labels, minlength=len(counts))
    ordered = labels[order]
    rank = torch.arange(len(labels)) - (sizes.cumsum(0) - sizes)[ordered]
    chosen = torch.zeros(len(labels), dtype=torch.bool)
    chosen[order] = rank < counts[ordered]
    return chosen


def selected(split: Split, which: Tensor) -> Split:
    """The images where `which`, bool [N], is true, in their order; what is streamed stays so."""
    if isinstance(split.images, Tensor):
        return Split(split.images[which], split.labels[which])
    return Split(split.images.select(which.nonzero().flatten()), split.labels[which])


def normalize(images: Tensor, normalization: Normalization) -> Tensor:
    """Normalises real images as the images of a file are: (pixel / 255 - mean) / std, for each channel.

    Arguments:
        images: uint8 [..., C, H, W], on any device.
        normalization: mean and standard deviation of each channel, such as `dataset.normalization`.

    Returns:
        float32 of the same shape, on the same device.

    Raises:
        InvalidSource: the normalization is for another number of channels.

    Examples:
        >>> dataset = NSDDataset("c10.nsd")
        >>> normalize(dataset.to_pixels(dataset.all()[0]), dataset.normalization).dtype
        torch.float32
    """
    assert images.dtype == torch.uint8, images.dtype
    if images.shape[-3] != len(normalization.mean):
        raise InvalidSource(
            f"images of {images.shape[-3]} channels, and a normalization of {len(normalization.mean)}; "
            "use a source with the channels of the file"
        )
    mean, std = (
        on_device(torch.tensor(values), images.device)[:, None, None]
        for values in (normalization.mean, normalization.std)
    )
    return images.to(torch.float32).div_(255).sub_(mean).div_(std)


def augmentation(name: str) -> str:
    """The DSA strategy that suits the set of this name."""
    return WITHOUT_FLIP if name in NEVER_FLIPPED else WITH_FLIP


def check_classes(where: str, classes: tuple[str, ...]) -> None:
    """Raises InvalidSource for class names that a file cannot hold."""
    for name, count in Counter(classes).most_common(1):
        if count > 1:
            raise InvalidSource(f"{where}: {count} classes are named {name!r}; give each its own name")
    for name in classes:
        if len(name) > MAX_NAME:
            raise InvalidSource(
                f"{where}: the class name {name[:40]!r}... has {len(name)} characters; shorten it to {MAX_NAME}"
            )
        if any("\ud800" <= character <= "\udfff" for character in name):
            raise InvalidSource(f"{where}: the class name {name!r} is not Unicode text; rename it")


def _check_split(where: str, split: Split, classes: tuple[str, ...]) -> None:
    images, labels = split.images, split.labels
    if images.dtype != torch.uint8:
        raise InvalidSource(f"{where}: the images are {images.dtype}, not uint8: scale to 0 to 255, round and convert")
    if images.ndim != 4:
        raise InvalidSource(
            f"{where}: the images have the shape {list(images.shape)}; bring them to [N, channels, height, width]"
        )
    if labels.dtype != torch.int64 or labels.ndim != 1:
        raise InvalidSource(
            f"{where}: the labels are {labels.dtype} of shape {list(labels.shape)}; bring them to int64 of shape [N]"
        )
    if len(images) != len(labels):
        raise InvalidSource(
            f"{where}: {len(images):,} images and {len(labels):,} labels; give one label for each image"
        )
    if len(images) == 0:
        raise InvalidSource(f"{where}: no images; at least 1 is needed: add images or leave the split out")
    outside = ((labels < 0) | (labels >= len(classes))).nonzero().flatten()
    if len(outside):
        index = int(outside[0])
        raise InvalidSource(
            f"{where}: image {index} has label {int(labels[index])}; {len(classes)} classes are named, "
            f"so labels are 0 to {len(classes) - 1}: correct the label or name its class" + _begin_at_1(labels)
        )


def _begin_at_1(labels: Tensor) -> str:
    """What to add to an error of labels that were numbered as MATLAB does."""
    return "; the labels begin at 1, and numbering begins at 0: subtract 1 from each" if int(labels.min()) == 1 else ""
