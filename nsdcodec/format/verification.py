"""Verify a file: a list of checks, each of which passed, failed or was not reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nsdcodec.errors import FileAccess, InvalidSetting, MissingData, NsdError
from nsdcodec.format.container import file
from nsdcodec.format.container.contents import Readable

CHECKS = (*file.CHECKS, "decoding")  # in the order of spec/errors.md


@dataclass(frozen=True)
class Check:
    """One check: `ok` is None if it was not reached; `detail` says what was found, or is the error."""

    name: str
    ok: bool | None
    detail: str = ""


@dataclass(frozen=True)
class Verification:
    """The result of all checks of `CHECKS`, in order. The file is sound if all passed. Otherwise `error` is the error
    of the check that failed; or, if the file could not be read at all, the error of reading it."""

    checks: tuple[Check, ...]
    error: NsdError | None

    @property
    def ok(self) -> bool:
        return self.error is None


def verify(source: Readable, report: Callable[[Check], None] = lambda check: None) -> Verification:
    """Checks a file by every rule of the format, and decodes every image to see that its values are finite.

    Arguments:
        source: a path, a URL, zoo:NAME, the bytes of a file, or an open binary stream.
        report: called with each `Check` as soon as it has passed or failed.

    Returns:
        The checks, and in `error` what `read` would raise; `error` is None and `ok` true if the file is sound. Nothing
        is raised for a file that is not.

    Example:
        >>> verify("c10.nsd").ok
        True
        >>> result = verify(b"not an nsd file")
        >>> result.ok, result.error.rule, [check.name for check in result.checks if check.ok is False]
        (False, 'NSD-F02', ['framing'])
    """
    checks: list[Check] = []
    error: NsdError | None = None

    def passed(name: str, detail: str) -> None:
        checks.append(Check(name, True, detail))
        report(checks[-1])

    try:
        found = file.read(source, passed)
        # Here, since PyTorch takes seconds to load: what is found without it is reported at once.
        from nsdcodec.format.synthesis import check_finite

        check_finite(found)
        passed("decoding", f"{found.header.layout.images:,} images, every value finite")
    except (FileAccess, MissingData, InvalidSetting) as caught:  # no bytes to check
        error = caught
    except NsdError as caught:
        error = caught
        checks.append(Check(CHECKS[len(checks)], False, str(error)))
        report(checks[-1])
    checks += [Check(name, None) for name in CHECKS[len(checks) :]]
    return Verification(tuple(checks), error)
