"""What a sitting's figures were made on, and of which commit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_VERSIONS = """
import json, platform, torch
found = {"python": platform.python_version(), "torch": torch.__version__, "cuda": torch.version.cuda}
if torch.cuda.is_available():
    found["card"] = torch.cuda.get_device_name()
print(json.dumps(found))
"""


def machine(root: Path) -> dict[str, Any]:
    """Of the code in `root`; what the machine does not tell is left out."""
    found: dict[str, Any] = {"commit": _commit(root)}
    # In a process of its own: this one must hold nothing of the device.
    found |= json.loads(_output(sys.executable, "-c", _VERSIONS) or "{}")
    driver = _output("nvidia-smi", "--query-gpu=driver_version,memory.total", "--format=csv,noheader")
    if driver:
        found["driver"], _, found["card_memory"] = driver.splitlines()[0].partition(", ")
    pairs = (line.partition(":")[::2] for line in _output("lscpu").splitlines())
    wanted = (
        "Architecture",
        "Model name",
        "CPU(s)",
        "Thread(s) per core",
        "Core(s) per socket",
        "L2 cache",
        "L3 cache",
    )
    found["lscpu"] = {key.strip(): value.strip() for key, value in pairs if key.strip() in wanted}
    return found


def _commit(root: Path) -> str:
    """As the parcel says, else git; with a word where files differ from it."""
    note = root / "COMMIT"
    if note.exists():
        return note.read_text().strip()
    commit = _output("git", "-C", str(root), "rev-parse", "HEAD")
    changed = _output("git", "-C", str(root), "status", "--porcelain", "--untracked-files=no")
    return (commit or "unknown") + (" and changes" if changed else "")


def _output(*command: str) -> str:
    """What it prints; "" where there is no such command, or it fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
