"""With NSDC_REQUIRE_ALL a skip is a failure (conftest.py), so that no test passes by not running."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import pytest

@pytest.mark.skipif(True, reason="node is not installed")
def test_one(): pass

def test_other():
    pytest.skip("no compiler")

@pytest.mark.skipif(True, reason="there is no CUDA device")
def test_device(): pass

@pytest.mark.xfail(reason="is known to")
def test_that_fails(): assert False
"""


@pytest.mark.parametrize(
    ("required", "last"),
    [
        pytest.param("", "4 skipped, 1 xfailed", marks=pytest.mark.release),
        ("1", "1 failed, 1 skipped, 1 xfailed, 2 errors"),
    ],
)
def test_a_skip_fails_where_all_is_required(required, last, tmp_path):
    (tmp_path / "test_skips.py").write_text(TESTS)
    (tmp_path / "test_package.py").write_text("import pytest\npytest.importorskip('no_such_package')\n")
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "NSDC_REQUIRE_ALL": required}
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider", "-q", str(tmp_path)]
    command += ["--continue-on-collection-errors", "--rootdir", str(tmp_path)]
    run = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True)
    assert run.stdout.splitlines()[-1].startswith(last), run.stdout
    if required:
        assert "NSDC_REQUIRE_ALL is set, and this was skipped: Skipped: no compiler" in run.stdout
