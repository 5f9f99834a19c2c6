"""The parameterizations, by the name they have in files, in the spec and on the command line."""

from __future__ import annotations

from nsdcodec.encoding.parameterizations.base import Parameterization
from nsdcodec.encoding.parameterizations.dct import DCT
from nsdcodec.encoding.parameterizations.dwt import DWT
from nsdcodec.encoding.parameterizations.fred import FreD
from nsdcodec.encoding.parameterizations.idc import IDC
from nsdcodec.encoding.parameterizations.ldct import LDCT
from nsdcodec.encoding.parameterizations.lsvd import LSVD
from nsdcodec.encoding.parameterizations.memory import Memory
from nsdcodec.encoding.parameterizations.nsd import NSD
from nsdcodec.encoding.parameterizations.pixel import Pixel
from nsdcodec.encoding.parameterizations.svd import SVD

PARAMETERIZATIONS: dict[str, type[Parameterization]] = {
    kind.name: kind for kind in (NSD, FreD, DCT, LDCT, DWT, SVD, LSVD, IDC, Memory, Pixel)
}
