"""The names of the bases that a file can name instead of storing, and which lengths each has.

Their matrices are in `bases`: reading a header needs no NumPy.
"""

from __future__ import annotations

from nsdcodec.errors import UnknownName

NAMES = ("identity", "dct", "dct4", "haar", "bilinear")


def check(name: str, t: int, u: int) -> None:
    """Raises UnknownName, and ValueError if t coefficients and u samples do not fit the basis."""
    if name not in NAMES:
        raise UnknownName("basis", name, NAMES)
    if name == "identity" and t != u:
        raise ValueError(f"identity needs as many coefficients as samples: {t} and {u}")
    if not 1 <= t <= u:
        raise ValueError(f"{t} coefficients for {u} samples: need 1 to {u}")
