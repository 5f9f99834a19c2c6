"""Images that stay in their HDF5 file and are read when they are asked for."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsdcodec.errors import InvalidSource
from nsdcodec.sources.channels import channels_first

# What is read at once where all are wanted, and how far apart two images may lie in the file to be read together.
PART_BYTES, GAP_BYTES = 1 << 24, 1 << 16


class Streamed:
    """Images uint8 [N, C, H, W] at places in an HDF5 array, read in its order. `images[index]` reads those of an int64
    index on the CPU, in any order, as a tensor. The array may have its channels last, or none (`channels_first`).

    A process opens the file for itself when it first reads, so that this can be pickled and forked. Raises
    InvalidSource where the file is no longer what it was when this was made, or cannot be read.
    """

    dtype = torch.uint8

    def __init__(self, path: Path, key: str, shape: tuple[int, ...], index: Tensor | None = None) -> None:
        """`shape` is that of the whole array, of which `index`, int64 [N] and rising, are the images; None is all."""
        self.path, self.key = path.absolute(), key
        self._whole, self._index = shape, index
        # Of one image, channels first.
        self._image = self._turned(np.empty((0, *shape[1:]), np.uint8)).shape[1:]
        self._stamp = _stamp(self.path)
        self._array: Any = None
        self._process = 0

    def __len__(self) -> int:
        return self._whole[0] if self._index is None else len(self._index)

    @property
    def shape(self) -> torch.Size:
        return torch.Size((len(self), *self._image))

    @property
    def ndim(self) -> int:
        return 1 + len(self._image)

    @property
    def nbytes(self) -> int:
        return self.shape.numel()

    def select(self, which: Tensor) -> Streamed:
        """The images at int64 places [n] that rise; nothing is read."""
        chosen = Streamed(self.path, self.key, self._whole, which if self._index is None else self._index[which])
        chosen._stamp = self._stamp
        return chosen

    def __getitem__(self, index: Tensor) -> Tensor:
        if len(index) and (int(index.min()) < 0 or int(index.max()) >= len(self)):
            raise IndexError(f"images {int(index.min())} to {int(index.max())} asked for; there are {len(self)}")
        wanted = index.cpu() if self._index is None else self._index[index.cpu()]
        places, inverse = torch.unique(wanted, return_inverse=True)
        stored = np.empty((len(places), *self._whole[1:]), np.uint8)
        self._read(places.numpy(), stored)
        found = torch.from_numpy(np.ascontiguousarray(self._turned(stored)))
        # Most often what was asked for rises already.
        if len(inverse) == len(places) and bool((inverse[1:] > inverse[:-1]).all()):
            return found
        return found[inverse]

    def chunks(self) -> Iterator[Tensor]:
        """All images in their order, some megabytes at a time, whole chunks of the file."""
        n = max(1, PART_BYTES // max(1, self.nbytes // len(self)))
        rows = self._rows_a_chunk()
        n = max(rows, n // rows * rows)
        for start in range(0, len(self), n):
            yield self[torch.arange(start, min(start + n, len(self)))]

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_array": None, "_process": 0}

    def close(self) -> None:
        """Of this process; the next read opens it again. Happens by itself when nobody has these images any more."""
        if self._array is not None and self._process == os.getpid():
            self._array.file.close()
        self._array = None

    def _read(self, places: NDArray[np.int64], into: NDArray[np.uint8]) -> None:
        """The rows at these rising places."""
        if not len(places):
            return
        try:
            array = self._opened()
            image = into[0].nbytes
            # Images of one chunk are read together, since it is unpacked whole; and neighbours without one.
            near = max(self._rows_a_chunk(), GAP_BYTES // max(1, image))
            most = max(1, PART_BYTES // max(1, image) // near) * near
            apart = (np.diff(places) > near) | (np.diff(places // most) > 0)
            starts = [0, *(np.flatnonzero(apart) + 1).tolist(), len(places)]
            for start, stop in itertools.pairwise(starts):
                first, last = int(places[start]), int(places[stop - 1]) + 1
                if last - first == stop - start:
                    array.read_direct(into, np.s_[first:last], np.s_[start:stop])
                else:
                    into[start:stop] = array[first:last][places[start:stop] - first]
        # What h5py raises for a file that was cut short or is gone.
        except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
            raise InvalidSource(f"{self.path}: cannot be read any more ({error}); {_REMEDY}") from error
        # After the read, so that what changed while it lasted is seen too.
        if _stamp(self.path) != self._stamp:
            raise InvalidSource(f"{self.path}: changed while it was in use; {_REMEDY}")

    def _turned(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return channels_first(f"{self.path}, {self.key}", images)

    def _rows_a_chunk(self) -> int:
        chunks = self._opened().chunks
        return int(chunks[0]) if chunks else 1

    def _opened(self) -> Any:
        if self._array is None or self._process != os.getpid():
            import h5py

            self._array, self._process = h5py.File(self.path, "r")[self.key], os.getpid()
            if tuple(self._array.shape) != self._whole:
                raise ValueError(f"{self.key} has another shape")
        return self._array


_REMEDY = "leave a source as it is until the command ends, or copy it first; then run the command again"


def _stamp(path: Path) -> tuple[int, int]:
    """Length and time of the last change; -1 where it is gone."""
    try:
        found = os.stat(path)
    except OSError:
        return -1, -1
    return found.st_size, found.st_mtime_ns
