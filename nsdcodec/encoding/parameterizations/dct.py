"""dct: the low-frequency corner of each image's DCT (NSD section 4.4). Spec: spec/parameterizations/dct.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nsdcodec.encoding.parameterizations.per_image import Corner


@dataclass(frozen=True)
class DCT(Corner):
    """Orthonormal DCT-II; a departure from Eq. 4, whose DCT-IV has no constant row and so no way to say "bright"."""

    name: ClassVar[str] = "dct"
    basis: ClassVar[str] = "dct"
