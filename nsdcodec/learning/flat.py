"""Steps that seek flat minima: GSAM (Zhuang et al., ICLR 2022), by which FTD (Du et al., CVPR 2023) trains experts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

# In a division by a norm.
LEAST = 1e-12


@dataclass(frozen=True)
class Flat:
    """The gradient is that after an ascent step of length `rho` along the gradient, as in SAM (Foret et al., ICLR
    2021). Of the gradient before it, `alpha` times the part that is orthogonal to that is taken off: GSAM, which makes
    the gap between both losses smaller and leaves the loss after the ascent as it is."""

    rho: float
    alpha: float

    def differentiate(self, networks: Sequence[nn.Module], backward: Callable[[], None]) -> None:
        """Leaves this gradient in the weights' `grad`, each network's by its own ascent; the weights stay as they are.
        `backward` leaves there the gradient at the weights that it finds."""
        backward()
        with torch.no_grad():
            weights = [list(network.parameters()) for network in networks]
            before = [[weight.clone() for weight in own] for own in weights]
            first = [_gradients(own) for own in weights]
            for own, found in zip(weights, first, strict=True):
                scale = self.rho / (_product(found, found).sqrt() + LEAST)
                for weight, gradient in zip(own, found, strict=True):
                    weight.add_(gradient * scale)
        backward()
        with torch.no_grad():
            for own, kept, found in zip(weights, before, first, strict=True):
                second = _gradients(own)
                share = _product(found, second) / (_product(second, second) + LEAST**2)
                for weight, value, one, other in zip(own, kept, found, second, strict=True):
                    weight.copy_(value)
                    weight.grad = other - self.alpha * (one - share * other)


def _gradients(weights: Sequence[nn.Parameter]) -> list[Tensor]:
    return [weight.grad.clone() for weight in weights if weight.grad is not None]


def _product(one: Sequence[Tensor], other: Sequence[Tensor]) -> Tensor:
    return torch.stack([(a * b).sum() for a, b in zip(one, other, strict=True)]).sum()
