"""The objectives, by the name they have on the command line. `Guided` wraps any of them."""

from __future__ import annotations

from typing import Any

from nsdcodec.encoding.objectives.base import Objective
from nsdcodec.encoding.objectives.cafe import FeatureAlignment
from nsdcodec.encoding.objectives.distribution import DistributionMatching
from nsdcodec.encoding.objectives.gradient import GradientMatching
from nsdcodec.encoding.objectives.guidance import Guidance, Guided
from nsdcodec.encoding.objectives.krr import KernelRegression
from nsdcodec.encoding.objectives.none import NoObjective
from nsdcodec.encoding.objectives.tgdd import TrajectoryGuided
from nsdcodec.encoding.objectives.trajectory import TrajectoryMatching

OBJECTIVES: dict[str, type[Objective[Any]]] = {
    kind.name: kind
    for kind in (
        GradientMatching,
        DistributionMatching,
        FeatureAlignment,
        TrajectoryGuided,
        KernelRegression,
        TrajectoryMatching,
        NoObjective,
    )
}

__all__ = ["OBJECTIVES", "Guidance", "Guided", "Objective"]
