"""Soft concept tokens: a parameter of their own, never rows of the vocabulary table.

Knows vectors. Does not know words, files or training.
Source: OmniPersona, "Unified Personalized Understanding, Generating and Editing", section on
decoupled concept tokens.
"""

# D width, U und tokens, G gen tokens

from typing import Final, get_args

import torch
from torch import Tensor, nn

from omnipersona.model.contract import Routing

NUM_UND: Final = 16
NUM_GEN: Final = 16

ROUTINGS: Final[tuple[Routing, ...]] = get_args(Routing)


class ConceptTokens(nn.Module):
    """One concept's learned vectors.

    Attributes:
        sks: (1, D) identifier, fills the concept's slot.
        und: (U, D), read by the understanding expert.
        gen: (G, D), read by the generation expert, or under `unified` routing by the
            understanding expert as well.
        gen_sks: (1, D) identifier in prompts that are drawn, under `apart` routing; else None.
    """

    def __init__(
        self,
        sks: Tensor,
        und: Tensor,
        gen: Tensor,
        routing: Routing = "decoupled",
        gen_sks: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.sks = nn.Parameter(sks)
        self.und = nn.Parameter(und)
        self.gen = nn.Parameter(gen)
        self.gen_sks = None if gen_sks is None else nn.Parameter(gen_sks)
        self.routing = routing

    @classmethod
    def from_table(
        cls, table: Tensor, num_und: int = NUM_UND, routing: Routing = "decoupled"
    ) -> "ConceptTokens":
        """Split rows (1 + U + G, D): sks, und, gen; under `apart` sks is both identifiers."""
        sks, und, gen = table.detach().clone().split([1, num_und, len(table) - 1 - num_und])
        return cls(sks, und, gen, routing, sks.clone() if routing == "apart" else None)

    @property
    def num_und(self) -> int:
        """Understanding tokens U."""
        return int(self.und.shape[0])

    @property
    def num_gen(self) -> int:
        """Generation tokens G."""
        return int(self.gen.shape[0])

    def read_with(self) -> list[nn.Parameter]:
        """Return the vectors that learn at the pace of understanding."""
        return [self.sks, self.und]

    def drawn_with(self) -> list[nn.Parameter]:
        """Return the vectors that learn at the pace of generation."""
        return [self.gen] if self.gen_sks is None else [self.gen, self.gen_sks]

    def table(self) -> Tensor:
        """Return all vectors, (R, D): sks, und, gen, and gen_sks if there is one."""
        own = [] if self.gen_sks is None else [self.gen_sks]
        return torch.cat([self.sks, self.und, self.gen, *own])
