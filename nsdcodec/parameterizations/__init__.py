"""The parameterizations, by the name they have in files, in the spec and on the command line."""

from __future__ import annotations

from nsdcodec.parameterizations.base import Parameterization
from nsdcodec.parameterizations.nsd import NSD
from nsdcodec.parameterizations.pixel import Pixel

PARAMETERIZATIONS: dict[str, type[Parameterization]] = {kind.name: kind for kind in (NSD, Pixel)}
