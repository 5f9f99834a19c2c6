"""The result of one set of a table: a JSON file beside the .nsd file, written anew after each step of the work."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from nsdcodec.errors import FileAccess, InvalidSetting
from nsdcodec.system import atomic


@dataclass
class TrialResult:
    """`identity` is all that decides the figures. `encoded` is None until the set is made, then its counts, digest and
    seconds; `accuracies`, 0 to 1, of each network by kind; `corrupted` the mean over networks and severities by
    corruption. `seconds` of evaluation by kind. `made_by` names versions and hardware."""

    identity: dict[str, Any]
    encoded: dict[str, Any] | None = None
    accuracies: dict[str, list[float]] = field(default_factory=dict)
    corrupted: dict[str, float] = field(default_factory=dict)
    corrupted_published: bool | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    made_by: dict[str, str] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Whole or not at all. Raises FileAccess."""
        atomic.write(path, (json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n").encode())

    @classmethod
    def read(cls, path: Path) -> TrialResult | None:
        """None where there is none. Raises FileAccess for what is not one."""
        try:
            return cls(**json.loads(path.read_text()))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FileAccess(f"cannot read {path}: {error.strerror}") from error
        except (ValueError, TypeError) as error:
            raise FileAccess(f"{path} is not a result of nsdc bench ({error}); delete it") from error

    def require(self, identity: dict[str, Any], path: Path) -> None:
        """Raises InvalidSetting, naming what differs, unless the result is one of the same trial."""
        if changed := difference(self.identity, identity):
            raise InvalidSetting(
                f"{path} was made with {changed}; give another folder with -o, or --restart to drop the results that "
                "were made with other settings"
            )


def difference(before: dict[str, Any], now: dict[str, Any]) -> str:
    """The first few values that differ, as text; "" where none does."""
    changed = [
        f"{name} {before.get(name)!r}, this run has {now.get(name)!r}"
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
    ]
    return "; ".join(changed[:3]) + (f"; and {len(changed) - 3} more" if len(changed) > 3 else "")
