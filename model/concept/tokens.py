"""Soft concept tokens: a parameter of their own, never rows of the vocabulary table.

Knows vectors. Does not know words, files or training.
Source: OmniPersona, "Unified Personalized Understanding, Generating and Editing", section on
decoupled concept tokens.
"""

# D width, U und tokens, G gen tokens

from typing import Final, Literal, get_args

import torch
from torch import Tensor, nn

NUM_UND: Final = 16
NUM_GEN: Final = 16

Routing = Literal["decoupled", "unified", "apart"]
"""Which expert reads the gen tokens; `apart` is decoupled, and nothing reads the other side's."""

ROUTINGS: Final[tuple[Routing, ...]] = get_args(Routing)


class ConceptTokens(nn.Module):
    """One concept's learned vectors.

    Attributes:
        sks: (1, D) identifier, fills the concept's slot.
        und: (U, D), read by the understanding expert.
        gen: (G, D), read by the generation expert, or under `unified` routing by the
            understanding expert as well.
    """

    def __init__(
        self, sks: Tensor, und: Tensor, gen: Tensor, routing: Routing = "decoupled"
    ) -> None:
        super().__init__()
        self.sks = nn.Parameter(sks)
        self.und = nn.Parameter(und)
        self.gen = nn.Parameter(gen)
        self.routing = routing

    @classmethod
    def from_table(
        cls, table: Tensor, num_und: int = NUM_UND, routing: Routing = "decoupled"
    ) -> "ConceptTokens":
        """Split rows (1 + U + G, D) in the order of `table`."""
        rows = table.detach().clone()
        return cls(rows[:1], rows[1 : 1 + num_und], rows[1 + num_und :], routing)

    @property
    def num_und(self) -> int:
        """Understanding tokens U."""
        return int(self.und.shape[0])

    @property
    def num_gen(self) -> int:
        """Generation tokens G."""
        return int(self.gen.shape[0])

    @property
    def num_rows(self) -> int:
        """Rows of the table."""
        return 1 + self.num_und + self.num_gen

    def table(self) -> Tensor:
        """Return all vectors, (1 + U + G, D): sks, und, gen."""
        return torch.cat([self.sks, self.und, self.gen])
