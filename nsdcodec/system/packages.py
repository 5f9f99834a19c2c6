"""Packages that only some installations have."""

from __future__ import annotations

import importlib
from typing import Any

from nsdcodec.errors import MissingData


def package(name: str, extra: str = "encode") -> Any:
    """Imports a module of an optional package when it is needed. Raises MissingData if it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingData(f"the package {name} cannot be imported ({error}): pip install nsdcodec[{extra}]") from error
