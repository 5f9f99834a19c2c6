"""The objectives, by the name they have on the command line. `Guided` wraps any of them."""

from __future__ import annotations

from nsdcodec.objectives.base import Objective
from nsdcodec.objectives.distribution import DistributionMatching
from nsdcodec.objectives.gradient import GradientMatching
from nsdcodec.objectives.guidance import Guided
from nsdcodec.objectives.none import NoObjective
from nsdcodec.objectives.trajectory import TrajectoryMatching

OBJECTIVES: dict[str, type[Objective]] = {
    kind.name: kind for kind in (GradientMatching, DistributionMatching, TrajectoryMatching, NoObjective)
}

__all__ = ["OBJECTIVES", "Guided", "Objective"]
