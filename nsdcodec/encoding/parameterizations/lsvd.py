"""lsvd: whole images as mixtures of shared bases, both learned (NSD section 4.4, "learnable SVD").
Spec: spec/parameterizations/lsvd.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nsdcodec.encoding.parameterizations.factored import Factored


@dataclass(frozen=True)
class LSVD(Factored):
    """The bases begin as the right singular vectors V of real images [n, C H W], the batch kernel as their U S; the
    scale is shared out evenly to both, so that one learning rate serves them."""

    name: ClassVar[str] = "lsvd"
    kernel_share: ClassVar[float] = 0.1
