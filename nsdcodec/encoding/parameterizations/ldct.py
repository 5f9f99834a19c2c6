"""ldct: as dct, but the kernels of height and width are learned and stored (NSD section 4.4, "learnable DCT").
Spec: spec/parameterizations/ldct.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nsdcodec.encoding.parameterizations.per_image import Corner


@dataclass(frozen=True)
class LDCT(Corner):
    name: ClassVar[str] = "ldct"
    basis: ClassVar[str] = "dct"
    learned: ClassVar[bool] = True
