"""svd: as lsvd, but only the bases are learned (NSD section 4.4). Spec: spec/parameterizations/svd.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nsdcodec.encoding.parameterizations.factored import Factored


@dataclass(frozen=True)
class SVD(Factored):
    """The batch kernel, U S of the real images, is stored as it began."""

    name: ClassVar[str] = "svd"
    kernel_share: ClassVar[float] = 0.1
    fixed: ClassVar[frozenset[str]] = frozenset({"batch_kernel"})
