"""nsdcodec: distilled image data sets in one small, safe, self-contained file.

    from nsdcodec import NSDDataset
    loader = DataLoader(NSDDataset("c10.nsd"), batch_size=256, shuffle=True)

Names load on first use, so that `import nsdcodec` and reading a header need neither torch nor the packages of the
extra `encode`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from nsdcodec.version import VERSION as __version__

if TYPE_CHECKING:
    from nsdcodec.data.dataset import NSDDataset
    from nsdcodec.errors import NsdError
    from nsdcodec.format.container.file import NSDFile, read

__all__ = ["NSDDataset", "NSDFile", "NsdError", "__version__", "read"]

_HOME = {
    "NSDDataset": "nsdcodec.data.dataset",
    "NSDFile": "nsdcodec.format.container.file",
    "read": "nsdcodec.format.container.file",
    "NsdError": "nsdcodec.errors",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'nsdcodec' has no attribute {name!r}")
