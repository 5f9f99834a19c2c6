"""A sitting: its budget of time, and what it has found, which is written after each stage."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nsdcodec.errors import NsdError
from nsdcodec.system import atomic
from sitting.machine import machine
from sitting.options import ROOT, Options
from sitting.process import Ended, run

# How the stages that are asked for share the budget. What one leaves is left for the later ones: the encode takes all
# that the evaluation does not.
SHARES = {"tests": 22, "step": 22, "experts": 16, "initial": 10, "encode": 20, "eval": 10}
# To write what was found, and to stop what has no time left.
LAST_SECONDS = 5.0


class Failed(Exception):
    """A stage came to no result: the message says why. `found` is what is known all the same."""

    def __init__(self, why: str, **found: Any) -> None:
        super().__init__(why)
        self.found = found


class Sitting:
    """`results` is the folder that comes back, `document` what sitting.json says, `work` a folder that stays."""

    def __init__(self, results: Path, options: Options) -> None:
        self._began = time.monotonic()
        self.results, self.options = results.resolve(), options
        self.budget, self.work = float(options["BUDGET"]), options.path("WORK")
        path = self.results / "sitting.json"
        self.document: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        self.document |= {"machine": machine(ROOT), "options": options.texts}
        self.document.setdefault("stages", {})
        self._commands: list[str] = []

    @property
    def left(self) -> float:
        """Seconds of the budget."""
        return self.budget - LAST_SECONDS - (time.monotonic() - self._began)

    def limit(self, stage: str) -> float:
        """Seconds that the stage may take."""
        shared = sum(SHARES[name] for name in {stage, *self.options.words("STAGES")})
        return min(SHARES[stage] / shared * self.budget, self.left)

    def before(self, stage: str) -> dict[str, Any]:
        """What is known of a stage; {} where it has not been tried."""
        found: dict[str, Any] = self.document["stages"].get(stage, {})
        return found

    def run(self, command: list[str], limit: float) -> Ended:
        shown = " ".join(["nsdc", *command[3:]] if command[1] == "-c" else ["python", *command[1:]])
        self._commands.append(shown)
        log = self.results / "sitting.log"
        with log.open("a") as file:
            print(f"\n$ {shown}    # at most {limit:.0f} s", file=file)
        return run(command, limit, ROOT, log)

    def answer(self, command: list[str], limit: float) -> tuple[dict[str, Any], float]:
        """The JSON that a command prints, and its seconds. Raises Failed."""
        ended = self.run(command, limit)
        if ended.code is None:
            raise Failed(f"out of time after {ended.seconds:.0f} s")
        if ended.code != 0:
            raise Failed(f"exit code {ended.code}; sitting.log says why", exit_code=ended.code)
        found: dict[str, Any] = json.loads(ended.output)
        return found, ended.seconds

    def stage(self, name: str, do: Callable[[Sitting], dict[str, Any]]) -> None:
        began, self._commands = time.monotonic(), []
        try:
            if self.left < 1:
                raise Failed("no time was left")
            found = {"status": "done", **do(self)}
        except Failed as error:
            found = {"status": str(error), **error.found}
        except (NsdError, OSError, ValueError, KeyError) as error:
            found = {"status": f"{type(error).__name__}: {error}"}
        seconds = round(time.monotonic() - began, 2)
        made_on = {key: self.document["machine"].get(key) for key in ("commit", "card")}
        self.document["stages"][name] = found | {"stage_seconds": seconds, "commands": self._commands} | made_on
        text = json.dumps(self.document, indent=1, ensure_ascii=False) + "\n"
        atomic.write(self.results / "sitting.json", text.encode())
        print(f"{name}: {found['status']}, {seconds:.0f} s; {max(self.left, 0):.0f} s left", flush=True)
