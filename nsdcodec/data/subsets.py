"""Subsets of a set, by image or by class, and several sets joined to one. Each is again a set with all its methods."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import Dataset

from nsdcodec.data.image_set import ImageSet, Index
from nsdcodec.errors import InvalidSetting, UnknownName
from nsdcodec.format.class_names import numbers_in, places, renumbered, short, union
from nsdcodec.format.recipe import Normalization, TrainingRecipe
from nsdcodec.system.randomness import stream


class Divisible(ImageSet):
    """A set that can be taken in parts and joined with others."""

    def subset(self, indices: Index) -> Part:
        """Some of the images, as a set of its own. It shares the cache of this set.

        Arguments:
            indices: integers, whose order is kept; or a mask, bool [N], of the images that are wanted.

        Raises:
            IndexError: an index is out of range, or the mask has another length.
            TypeError: the indices are neither integers nor a mask.

        Examples:
            >>> dataset = NSDDataset("c10.nsd")
            >>> len(dataset.subset([0, 1, 2])), len(dataset.subset(dataset.labels == 3))
            (3, 22)
        """
        mask = torch.as_tensor(indices)
        if mask.dtype != torch.bool:
            return Part(self, self._checked(indices))
        if mask.shape != (len(self),):
            raise IndexError(f"a mask of shape {list(mask.shape)} for a set of {len(self)} images")
        return Part(self, mask.cpu().nonzero().flatten())

    def of_classes(self, classes: Sequence[str | int], *, renumber: bool = False) -> Part:
        """The images of some classes, in the order of this set. An image with a soft label belongs to its most likely
        class.

        Arguments:
            classes: names or numbers of classes.
            renumber: False keeps the numbers of the labels, for a network that has an output for every class. True
                numbers the classes from 0 in the given order; a soft label then keeps its entries for these classes,
                divided by their sum.

        Raises:
            UnknownName: no class has this name.
            InvalidSetting: no class has this number, a class is given twice, or none is given.

        Examples:
            >>> pets = NSDDataset("c10.nsd").of_classes(["cat", "dog"], renumber=True)
            >>> pets.classes, sorted(set(pets.labels.tolist()))
            (('cat', 'dog'), [0, 1])
        """
        numbers = tuple(self._class_number(name) for name in classes)
        if not numbers or len(set(numbers)) < len(numbers):
            raise InvalidSetting(f"classes {list(classes)}: name at least one, and each once")
        index = torch.isin(self.hard_labels, torch.tensor(numbers)).nonzero().flatten()
        return Part(self, index, numbers, renumber)

    def class_splits(self, tasks: int, *, seed: int | None = None) -> list[Part]:
        """The set divided by class into tasks, for class-incremental learning. Labels keep their numbers, so `classes`
        of a task are those of the whole set; `class_names` and `class_numbers` are its own.

        Arguments:
            tasks: how many. If the classes do not divide evenly, the first tasks get one class more.
            seed: draws the order of the classes; None keeps their order.

        Raises:
            InvalidSetting: there are fewer classes than tasks, or fewer than one task.

        Examples:
            >>> tasks = NSDDataset("c10.nsd").class_splits(5, seed=0)
            >>> [len(task.class_numbers) for task in tasks], tasks[0].class_names
            ([2, 2, 2, 2, 2], ('dog', 'horse'))
        """
        count = len(self.classes)
        if not 1 <= tasks <= count:
            raise InvalidSetting(f"{tasks} tasks for {count} classes; there must be 1 to {count}")
        order = torch.arange(count)
        if seed is not None:
            order = torch.randperm(count, generator=stream(seed, "order of classes"))
        return [self.of_classes(numbers.tolist()) for numbers in order.tensor_split(tasks)]

    def __add__(self, other: Dataset[Any]) -> Any:
        """Joins two sets: another set of this package to a `Joined`, any other data set to PyTorch's ConcatDataset,
        which makes its batches of single images."""
        return Joined([self, other]) if isinstance(other, ImageSet) else super().__add__(other)

    def _class_number(self, name: str | int) -> int:
        if isinstance(name, str):
            if name not in self.classes:
                raise UnknownName("class", name, self.classes)
            return self.classes.index(name)
        number = operator.index(name)
        if not 0 <= number < len(self.classes):
            raise InvalidSetting(f"class {number} of {len(self.classes)} classes; it must be 0 to the last")
        return number


class Part(Divisible):
    """Some images of a set. `subset`, `of_classes` and `class_splits` make it. Transforms, recipe and normalisation are
    those of the set.

    `index` int64 [n] says which images of the set these are. `class_numbers` are the classes that it was made for, in
    the numbers of the set, and `class_names` their names.
    """

    def __init__(
        self, whole: ImageSet, index: Tensor, class_numbers: Sequence[int] | None = None, renumber: bool = False
    ) -> None:
        """`index` as `ImageSet.images` takes it; with `renumber` each image is of one of `class_numbers`."""
        self.whole, self._index = whole, index.clone()
        self.class_numbers = tuple(range(len(whole.classes)) if class_numbers is None else class_numbers)
        self.transform, self.target_transform = whole.transform, whole.target_transform
        self._labels, self._hard_labels = whole.labels[index], whole.hard_labels[index]
        self._classes = whole.classes
        if renumber:
            self._classes = tuple(whole.classes[number] for number in self.class_numbers)
            new = torch.zeros(len(whole.classes), dtype=torch.int64)
            new[list(self.class_numbers)] = torch.arange(len(self.class_numbers))
            self._hard_labels = new[self._hard_labels]
            if self._labels.ndim == 2:
                kept = self._labels[:, list(self.class_numbers)]
                self._labels = kept / kept.sum(dim=1, keepdim=True)
            else:
                self._labels = self._hard_labels

    def __repr__(self) -> str:
        return f"Part({len(self)} of {len(self.whole)} images, {short(self.class_names)}, of {self.whole!r})"

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes that the part has, in the order of their numbers."""
        return tuple(self.whole.classes[number] for number in self.class_numbers)

    @property
    def index(self) -> Tensor:
        """Numbers of the images in the whole set, int64 [n]; a copy."""
        return self._index.clone()

    @property
    def classes(self) -> tuple[str, ...]:
        return self._classes

    @property
    def recipe(self) -> TrainingRecipe:
        return self.whole.recipe

    @property
    def normalization(self) -> Normalization:
        return self.whole.normalization

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return self.whole.image_shape

    def images(self, index: Tensor, device: torch.device) -> Tensor:
        return self.whole.images(self._index.index_select(0, index), device)

    def prepare(self, device: torch.device) -> None:
        """Prepares the whole set, which decodes and keeps images for all of its parts."""
        self.whole.prepare(device)


class Joined(Divisible):
    """Several sets as one: the images of the first, then those of the second, and so on. `dataset + other` makes one
    of two sets. If one set has soft labels, the hard labels of the others become distributions too. The recipe is that
    of the first set.

    Arguments:
        datasets: at least one. All need the same image shape, normalisation and transforms.
        merge_classes: False needs sets of the same classes; labels go by their names, and get the numbers of the first
            set. (Names that only number the classes go with those of any other set.) True makes one list of all class
            names, in the order in which they first appear, and renumbers the labels.

    Raises:
        InvalidSetting: there is no set, or the sets differ; the message says in what.

    Examples:
        >>> dataset = NSDDataset("c10.nsd")
        >>> pets, ships = dataset.of_classes(["cat", "dog"], renumber=True), dataset.of_classes(["ship"], renumber=True)
        >>> both = Joined([pets, ships], merge_classes=True)
        >>> both.classes, len(both) == len(pets) + len(ships)
        (('cat', 'dog', 'ship'), True)
    """

    def __init__(self, datasets: Sequence[ImageSet], *, merge_classes: bool = False) -> None:
        if not datasets:
            raise InvalidSetting("no sets to join; give at least one")
        self.datasets = tuple(datasets)
        first = self.datasets[0]
        for number, other in enumerate(self.datasets):
            for name in ("image_shape", "normalization", "transform", "target_transform"):
                if getattr(other, name) != getattr(first, name):
                    raise InvalidSetting(
                        f"set {number} has {name} {getattr(other, name)}, set 0 {getattr(first, name)}; "
                        "sets that are joined need the same"
                    )
        self.transform, self.target_transform = first.transform, first.target_transform
        self._classes = union(each.classes for each in self.datasets) if merge_classes else first.classes
        pairs = [(self._numbers(number, merge_classes), each) for number, each in enumerate(self.datasets)]
        count = len(self._classes)
        self._hard_labels = torch.cat([renumbered(each.hard_labels, numbers, count) for numbers, each in pairs])
        self._labels = self._hard_labels
        if any(each.labels.ndim == 2 for each in self.datasets):
            self._labels = torch.cat([renumbered(_distributions(each), numbers, count) for numbers, each in pairs])
        # Where each set ends.
        self._ends = torch.tensor([len(each) for each in self.datasets]).cumsum(0)

    def __repr__(self) -> str:
        return f"Joined({', '.join(map(repr, self.datasets))})"

    def _numbers(self, number: int, merge_classes: bool) -> Sequence[int]:
        """The numbers that the classes of a set have in the joined one."""
        classes = self.datasets[number].classes
        if merge_classes:
            return places(self._classes, classes)
        numbers = numbers_in(self._classes, classes)
        if numbers is None:
            raise InvalidSetting(
                f"set {number} has the classes {_shortened(classes)}, set 0 {_shortened(self._classes)}; "
                "Joined(..., merge_classes=True) makes one list of them"
            )
        return numbers

    @property
    def classes(self) -> tuple[str, ...]:
        return self._classes

    @property
    def recipe(self) -> TrainingRecipe:
        return self.datasets[0].recipe

    @property
    def normalization(self) -> Normalization:
        return self.datasets[0].normalization

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return self.datasets[0].image_shape

    def images(self, index: Tensor, device: torch.device) -> Tensor:
        images = torch.empty((len(index), *self.image_shape), device=device)
        owner = torch.bucketize(index, self._ends, right=True)
        for number, each in enumerate(self.datasets):
            places = (owner == number).nonzero().flatten()
            if len(places):
                start = int(self._ends[number]) - len(each)
                images.index_copy_(0, places.to(device), each.images(index[places] - start, device))
        return images

    def prepare(self, device: torch.device) -> None:
        for each in self.datasets:
            each.prepare(device)


def _distributions(dataset: ImageSet) -> Tensor:
    """float32 [n, classes]."""
    if dataset.labels.ndim == 2:
        return dataset.labels
    return F.one_hot(dataset.labels, len(dataset.classes)).to(torch.float32)


def _shortened(classes: tuple[str, ...]) -> str:
    names = ", ".join(classes[:5])
    return f"{names} and {len(classes) - 5} more" if len(classes) > 5 else names
