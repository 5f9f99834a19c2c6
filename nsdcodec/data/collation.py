"""The samples of a batch, which a DataLoader's own collation takes whole.

The one file that uses an API which PyTorch calls private: `torch.utils.data._utils.collate` with `collate` and
`default_collate_fn_map`, which the documentation of `default_collate` tells its readers to extend. Known in PyTorch
2.10 to 2.14. Where it is gone, a DataLoader takes the samples one by one and stacks them: the same batch, later.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

from torch import Tensor


class Sample(tuple[Tensor, Any]):
    """An image and its label, of a batch that was made as a whole."""


class Samples(Sequence[Sample]):
    """The samples of a batch, taken apart only where they must be."""

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:
        return len(self.images)

    @overload
    def __getitem__(self, index: int) -> Sample: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Sample]: ...

    def __getitem__(self, index: int | slice) -> Sample | Sequence[Sample]:
        if isinstance(index, slice):
            return Samples(self.images[index], self.labels[index])
        label = self.labels[index]
        return Sample((self.images[index], label if label.ndim else label.item()))


def collate_whole() -> bool:
    """Has every DataLoader of this process take `Samples` whole. False where PyTorch has no such place."""
    try:
        from torch.utils.data._utils.collate import collate, default_collate_fn_map
    except ImportError:
        return False

    def collated(batch: Sequence[Sample], *, collate_fn_map: Any = None) -> Any:
        if isinstance(batch, Samples):
            return [batch.images, batch.labels]
        return collate([tuple(sample) for sample in batch], collate_fn_map=collate_fn_map)

    default_collate_fn_map[Sample] = collated
    return True
