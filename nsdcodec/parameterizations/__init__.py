"""The parameterizations, by the name they have in files, in the spec and on the command line."""

from __future__ import annotations

from nsdcodec.parameterizations.base import Parameterization
from nsdcodec.parameterizations.dct import DCT
from nsdcodec.parameterizations.dwt import DWT
from nsdcodec.parameterizations.fred import FreD
from nsdcodec.parameterizations.idc import IDC
from nsdcodec.parameterizations.ldct import LDCT
from nsdcodec.parameterizations.lsvd import LSVD
from nsdcodec.parameterizations.memory import Memory
from nsdcodec.parameterizations.nsd import NSD
from nsdcodec.parameterizations.pixel import Pixel
from nsdcodec.parameterizations.svd import SVD

PARAMETERIZATIONS: dict[str, type[Parameterization]] = {
    kind.name: kind for kind in (NSD, FreD, DCT, LDCT, DWT, SVD, LSVD, IDC, Memory, Pixel)
}
