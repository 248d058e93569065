"""The parts of a turn, before they become rows.

Text and concept prefix are TextSegments (causal); pictures are blocks whose rows all share one
RoPE id and see one another, between the two vision markers.
"""

# n rows of a segment, P numbers per vision patch, D width, E numbers per latent token

from dataclasses import dataclass, field

from torch import Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class SoftRow:
    """A row whose embedding is a learned vector instead of a vocabulary row.

    Attributes:
        at: Place in the segment's ids.
        index: Row of the pack's soft-vector table.
        is_gen: Whether the generation expert reads it.
    """

    at: int
    index: int
    is_gen: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class TextSegment:
    """Causal text, begin and end markers included.

    Attributes:
        ids: Vocabulary ids; what stands at a soft row is only used as a label.
        soft: Rows that learned vectors fill.
        has_loss: Whether every row but the last is trained to predict its successor.
        weight: Of its labels in training.
        dropped: Left out of the pack (condition dropout); takes no RoPE id.
        branch: Number of the side branch it lies on, which sees the trunk before it and itself,
            and is seen by no other; its RoPE ids go on from the trunk's. 0 is the trunk.
    """

    ids: list[int]
    soft: tuple[SoftRow, ...] = ()
    has_loss: bool = False
    weight: float = 1.0
    dropped: bool = False
    branch: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class UndImage:
    """A picture for the understanding expert: vision patches between markers.

    Attributes:
        patches: (n, P).
        position_ids: (n,).
        rows: What the frozen vision encoder and connector made of it before, (n, D), which saves
            doing it again; None where they run.
        dropped: Left out, but its RoPE id is spent.
    """

    patches: Tensor
    position_ids: Tensor
    rows: Tensor | None = None
    dropped: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class GenImage:
    """A picture for the generation expert: latent tokens between markers.

    Attributes:
        tokens: Clean latent tokens (n, E).
        position_ids: (n,).
        noise: (n, E) for a target, which is trained and hidden from later rows; None for a
            clean condition.
        t: Time of a target in [0, 1].
        source: Clean latent tokens (n, E) of the picture that a target changes, for a model with
            edit ports; None for a picture of its own.
        dropped: Left out, but its RoPE id is spent.
    """

    tokens: Tensor
    position_ids: Tensor
    noise: Tensor | None = None
    t: float = 0.0
    source: Tensor | None = None
    dropped: bool = False


Segment = TextSegment | UndImage | GenImage


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One training sample: segments in order, RoPE ids from 0, blind to other samples."""

    segments: tuple[Segment, ...] = field(default_factory=tuple)

    @property
    def num_rows(self) -> int:
        """Rows of all segments that are not dropped; a picture has two markers."""
        return sum(_num_rows(segment) for segment in self.segments if not segment.dropped)


def _num_rows(segment: Segment) -> int:
    if isinstance(segment, TextSegment):
        return len(segment.ids)
    rows = segment.patches if isinstance(segment, UndImage) else segment.tokens
    return len(rows) + 2
