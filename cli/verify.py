"""nsdc verify: every check of the format on a file, one line each."""

from __future__ import annotations

import sys

from nsdcodec.errors import NsdError

from . import options, output


def verify(file: options.FileArgument, json: bool = output.JSON) -> None:
    """Check a file: framing, digest, header, arrays, layout, and that every image decodes to finite values."""
    passed: list[str] = []
    try:
        _check(str(file), passed, quiet=json)
    except NsdError as error:
        if json:
            output.print_json({"file": str(file), "ok": False, "passed": passed, "error": str(error)})
        else:
            print(output.printable(f"FAILED  {error}"))
        sys.exit(error.exit_code)
    if json:
        output.print_json({"file": str(file), "ok": True, "passed": passed, "error": None})
    else:
        print(f"{file} is sound")


def _check(file: str, passed: list[str], quiet: bool) -> None:
    def report(check: str) -> None:
        passed.append(check)
        if not quiet:
            print(f"ok      {check}")

    from nsdcodec.container.file import read

    data = read(file, report)
    from nsdcodec.synthesis import check_finite

    check_finite(data)
    report(f"decoding: {data.header.layout.images:,} images, every value finite")
