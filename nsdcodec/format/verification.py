"""Verify a file: a list of checks, each of which passed, failed or was not reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nsdcodec.errors import DigestMismatch, FileAccess, InvalidSetting, MissingData, NsdError
from nsdcodec.format.container import file
from nsdcodec.format.container.file import Source
from nsdcodec.format.synthesis import check_finite

CHECKS = (*file.CHECKS, "decoding")  # in the order of spec/errors.md


@dataclass(frozen=True)
class Check:
    """One check: `ok` is None where it was not reached; `detail` is what was found, or the error."""

    name: str
    ok: bool | None
    detail: str = ""


@dataclass(frozen=True)
class Verification:
    """Every check of `CHECKS`, in order. A file is sound where all passed, else `error` is what stopped it: the error
    of the check that failed, or where there was nothing to check, the one of getting the bytes."""

    checks: tuple[Check, ...]
    error: NsdError | None

    @property
    def ok(self) -> bool:
        return self.error is None


def verify(source: Source, report: Callable[[Check], None] = lambda check: None) -> Verification:
    """Makes every check of the format on a path, a URL, the bytes of a file or an open stream, and decodes every image
    to see that it is finite. `report` hears of each check that is made, as it passes or fails. What `read` raises is in
    the result."""
    checks: list[Check] = []
    error: NsdError | None = None

    def passed(name: str, detail: str) -> None:
        checks.append(Check(name, True, detail))
        report(checks[-1])

    try:
        found = file.read(source, passed)
        check_finite(found)
        passed("decoding", f"{found.header.layout.images:,} images, every value finite")
    except (FileAccess, MissingData, InvalidSetting) as caught:  # no bytes to check
        error = caught
    except NsdError as caught:
        error = caught
        if len(checks) == CHECKS.index("digest") and not isinstance(error, DigestMismatch):
            checks.append(Check("digest", None))  # none is stated: it is the header that is refused for it
        checks.append(Check(CHECKS[len(checks)], False, str(error)))
        report(checks[-1])
    checks += [Check(name, None) for name in CHECKS[len(checks) :]]
    return Verification(tuple(checks), error)
