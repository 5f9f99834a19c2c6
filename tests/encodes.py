"""An encode in one value, which tests make once, change, hand to another process, and run."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nsdcodec.encoding.encoder import Compute, EncodeResult, Output, Task, encode
from nsdcodec.encoding.layout_plan import plan
from nsdcodec.encoding.progress import Listener
from nsdcodec.encoding.settings import Settings
from nsdcodec.format.layout import Layout
from nsdcodec.system.ranks import Ranks


@dataclass(frozen=True)
class Encode:
    """The arguments of `encode`."""

    task: Task
    output: Output
    compute: Compute = field(default_factory=Compute)
    experts_folder: Path = Path("experts")

    @property
    def path(self) -> Path:
        return self.output.path

    @property
    def settings(self) -> Settings:
        return self.task.settings

    @property
    def layout(self) -> Layout:
        return plan(self.task, self.compute).layout

    def but(self, *pairs: str, **fields: Any) -> Encode:
        """The same with other settings, "key=value", and other fields of its task, output or compute, or its own."""
        changed = self
        if pairs:
            fields["settings"] = fields.get("settings", self.settings).with_values(list(pairs))
        for part in ("task", "output", "compute"):
            own = getattr(self, part)
            names = {entry.name for entry in dataclasses.fields(own)} & fields.keys()
            changed = replace(changed, **{part: replace(own, **{name: fields.pop(name) for name in names})})
        return replace(changed, **fields)

    def at(self, name: str) -> Encode:
        """The same into a file of this name beside its own."""
        return self.but(path=self.path.with_name(name))

    def run(self, listen: Listener = lambda progress: None, ranks: Ranks | None = None) -> EncodeResult:
        return encode(
            self.task, self.output, self.compute, experts_folder=self.experts_folder, listen=listen, ranks=ranks
        )

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """Of its log, in full lines: another process may be writing it."""
        log = self.output.log
        lines = log.read_text().splitlines(keepends=True) if log.exists() else []
        found = [json.loads(line) for line in lines if line.endswith("\n")]
        return [event for event in found if name in (None, event["event"])]
