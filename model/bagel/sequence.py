"""The parts of a turn as segments, and segments packed into rows of both experts for the decoder.

Text and a concept's prefix are TextSegments (causal); pictures are blocks whose rows all share one
RoPE id and see one another, between the two vision markers. In a pack, text rows and markers come
first among the und rows, then und soft rows, then vision patches, then pictures that were read
before; gen rows are latent tokens, then gen soft rows. Does not know weights, words or files.
"""

# n rows of a segment or of a kind, P numbers per vision patch, E numbers per latent token, D width
# B samples, T rows of the longest sample

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, cast

import torch
from torch import Tensor

from omnipersona.model.bagel.config import ModelConfig
from omnipersona.model.bagel.images import grid_ids, to_patches
from omnipersona.model.bagel.transformer import AttnMode, Layout, sample_mask
from omnipersona.model.bagel.vae import to_tokens


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


@dataclass(frozen=True, slots=True)
class Markers:
    """Ids of the two tokens around every picture."""

    start_of_image: int
    end_of_image: int


@dataclass(slots=True)
class _Rows:
    """One sample's rows while it is being laid out; every place is a row of the sample."""

    positions: list[int] = field(default_factory=list)
    split_lens: list[int] = field(default_factory=list)
    attn_modes: list[AttnMode] = field(default_factory=list)
    branches: list[int] = field(default_factory=list)
    text: list[tuple[int, int]] = field(default_factory=list)
    soft_und: list[tuple[int, int]] = field(default_factory=list)
    soft_gen: list[tuple[int, int]] = field(default_factory=list)
    vit: list[int] = field(default_factory=list)
    known: list[int] = field(default_factory=list)
    latent: list[int] = field(default_factory=list)
    target: list[bool] = field(default_factory=list)
    labels: list[tuple[int, int]] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    next_position: int = 0
    branch_positions: dict[int, int] = field(default_factory=dict)

    def text_segment(self, segment: TextSegment) -> None:
        start, count = len(self.positions), len(segment.ids)
        soft = {row.at: row for row in segment.soft}
        for i, token in enumerate(segment.ids):
            row = soft.get(i)
            if row is None:
                self.text.append((start + i, token))
            elif row.is_gen:
                self.soft_gen.append((start + i, row.index))
            else:
                self.soft_und.append((start + i, row.index))
        if segment.has_loss:
            self.labels += [(start + i, segment.ids[i + 1]) for i in range(count - 1)]
            self.weights += [segment.weight] * (count - 1)
        position = self.branch_positions.get(segment.branch, self.next_position)
        self.positions += range(position, position + count)
        if segment.branch:
            self.branch_positions[segment.branch] = position + count
        else:
            self.next_position += count
        self.split_lens.append(count)
        self.attn_modes.append("causal")
        self.branches.append(segment.branch)

    def image_block(self, count: int, markers: Markers, mode: AttnMode) -> range:
        start = len(self.positions)
        self.text.append((start, markers.start_of_image))
        self.text.append((start + count + 1, markers.end_of_image))
        self.positions += [self.next_position] * (count + 2)
        self.split_lens.append(count + 2)
        self.attn_modes.append(mode)
        self.branches.append(0)
        if mode != "noise":
            self.next_position += 1
        return range(start + 1, start + 1 + count)


@dataclass(frozen=True, slots=True)
class Patches:
    """Vision patches (n, P) of all pictures, their position ids (n,) and patches per picture."""

    pixels: Tensor
    position_ids: Tensor
    lengths: list[int]


@dataclass(frozen=True, slots=True)
class Latents:
    """Latent tokens of all pictures.

    Attributes:
        tokens: Clean, (n, E).
        noise: (n, E), zero at clean conditions.
        t: Times, (n, 1), zero at clean conditions.
        position_ids: (n,).
        edited: Which tokens have a source at their own cell, (m,).
        source: Clean tokens of these sources, (m, E).
    """

    tokens: Tensor
    noise: Tensor
    t: Tensor
    position_ids: Tensor
    edited: Tensor
    source: Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class PackedSequence:
    """Several samples as the rows that `OmniModel` reads.

    Attributes:
        layout: Grid places of und and gen rows, positions, mask.
        text_ids: Ids of text rows and markers.
        soft_und: Soft-table rows among the und rows.
        soft_gen: Soft-table rows among the gen rows.
        patches: Of all pictures that are read, or None.
        known: Rows of pictures that were read before, (n, D), or None.
        latents: Of all pictures that are painted or edited, or None.
        is_target: Whether a latent token is trained.
        label_rows: Und rows that predict a label.
        labels: Vocabulary ids.
        label_weights: What each label counts for.
        sample_lens: Rows of each sample.
        sample_at: Flat grid place of each sample's first row; its rows follow one another.
        split_lens: Rows of each block, sample after sample.
        attn_modes: Mode of each block.
    """

    layout: Layout
    text_ids: Tensor
    soft_und: Tensor
    soft_gen: Tensor
    patches: Patches | None
    known: Tensor | None
    latents: Latents | None
    is_target: Tensor
    label_rows: Tensor
    labels: Tensor
    label_weights: Tensor
    sample_lens: list[int]
    sample_at: list[int]
    split_lens: list[list[int]]
    attn_modes: list[list[AttnMode]]

    def to(self, device: torch.device) -> "PackedSequence":
        """Return the same with all tensors on a device."""
        if self.text_ids.device == device:
            return self
        return cast(PackedSequence, _moved(self, device))


def _moved(part: Any, device: torch.device) -> Any:
    moved: dict[str, Any] = {}
    for one in fields(part):
        value = getattr(part, one.name)
        if isinstance(value, Tensor):
            moved[one.name] = value.to(device)
        elif is_dataclass(value):
            moved[one.name] = _moved(value, device)
    return replace(part, **moved)


def pack(
    samples: Sequence[Sample],
    markers: Markers,
    *,
    start_positions: Sequence[int] | None = None,
    past_is_real: Tensor | None = None,
) -> PackedSequence:
    """Lay samples out as rows.

    Short samples share a grid row, blind to one another, so that little is padding; samples that
    continue caches have a grid row each.

    Args:
        samples: At least one, none empty.
        markers: Ids around pictures.
        start_positions: RoPE id of each sample's first row; 0 by default.
        past_is_real: (B, P) for samples that continue caches: which past columns are rows.

    Raises:
        ValueError: A sample has no rows left.
    """
    rows = []
    for i, sample in enumerate(samples):
        laid = _lay_out(sample, markers, start_positions[i] if start_positions else 0)
        if not laid.positions:
            raise ValueError(f"sample {i} has no rows; every segment was dropped")
        rows.append(laid)
    return _collect(samples, rows, past_is_real)


def _lay_out(sample: Sample, markers: Markers, start: int) -> _Rows:
    rows = _Rows(next_position=start)
    for segment in sample.segments:
        if segment.dropped:
            rows.next_position += 0 if isinstance(segment, TextSegment) else 1
        elif isinstance(segment, TextSegment):
            rows.text_segment(segment)
        elif isinstance(segment, UndImage):
            block = rows.image_block(segment.patches.shape[0], markers, "full")
            if segment.rows is None:
                rows.vit += block
            else:
                rows.known += block
        else:
            is_target = segment.noise is not None
            count = segment.tokens.shape[0]
            rows.latent += rows.image_block(count, markers, "noise" if is_target else "full")
            rows.target += [is_target] * count
    return rows


def _collect(
    samples: Sequence[Sample], rows: list[_Rows], past_is_real: Tensor | None
) -> PackedSequence:
    lengths = [len(r.positions) for r in rows]
    longest = max(lengths)
    bins = _first_fit(lengths, longest) if past_is_real is None else [[i] for i in range(len(rows))]
    starts = [0] * len(rows)
    for b, members in enumerate(bins):
        offset = b * longest
        for i in members:
            starts[i] = offset
            offset += lengths[i]

    def places(name: str) -> list[int]:
        both = zip(starts, rows, strict=True)
        return [start + at for start, r in both for at in getattr(r, name)]

    def pairs(name: str) -> tuple[list[int], list[int]]:
        both = zip(starts, rows, strict=True)
        found = [(start + at, v) for start, r in both for at, v in getattr(r, name)]
        return [at for at, _ in found], [v for _, v in found]

    text_at, text_ids = pairs("text")
    soft_und_at, soft_und = pairs("soft_und")
    soft_gen_at, soft_gen = pairs("soft_gen")
    label_at, labels = pairs("labels")
    seen_at = places("vit") + places("known")
    und_at = torch.tensor(text_at + soft_und_at + seen_at, dtype=torch.long)
    gen_at = torch.tensor(places("latent") + soft_gen_at, dtype=torch.long)
    row_at = torch.zeros(len(bins) * longest, dtype=torch.long)
    row_at[und_at] = torch.arange(len(und_at))
    row_at[gen_at] = torch.arange(len(gen_at)) + len(und_at)
    positions = torch.zeros(len(bins) * longest, dtype=torch.long)
    for start, r in zip(starts, rows, strict=True):
        positions[start : start + len(r.positions)] = torch.tensor(r.positions)
    kept = [segment for x in samples for segment in x.segments if not segment.dropped]
    und_images = [segment for segment in kept if isinstance(segment, UndImage)]
    gen_images = [segment for segment in kept if isinstance(segment, GenImage)]
    layout = Layout(
        row_at=row_at.view(len(bins), longest),
        und_at=und_at,
        gen_at=gen_at,
        positions=positions.view(len(bins), longest),
        mask=_grid_mask([[rows[i] for i in members] for members in bins], longest, past_is_real),
    )
    return PackedSequence(
        layout=layout,
        text_ids=torch.tensor(text_ids, dtype=torch.long),
        soft_und=torch.tensor(soft_und, dtype=torch.long),
        soft_gen=torch.tensor(soft_gen, dtype=torch.long),
        is_target=torch.tensor([flag for r in rows for flag in r.target], dtype=torch.bool),
        label_rows=row_at[torch.tensor(label_at, dtype=torch.long)],
        labels=torch.tensor(labels, dtype=torch.long),
        label_weights=torch.tensor([weight for r in rows for weight in r.weights]),
        sample_lens=lengths,
        sample_at=starts,
        split_lens=[r.split_lens for r in rows],
        attn_modes=[r.attn_modes for r in rows],
        patches=_patches([image for image in und_images if image.rows is None]),
        known=_known(und_images),
        latents=_latents(gen_images),
    )


def _patches(images: list[UndImage]) -> Patches | None:
    if not images:
        return None
    return Patches(
        torch.cat([image.patches for image in images]),
        torch.cat([image.position_ids for image in images]),
        [len(image.patches) for image in images],
    )


def _known(images: list[UndImage]) -> Tensor | None:
    rows = [image.rows for image in images if image.rows is not None]
    return torch.cat(rows) if rows else None


def _latents(images: list[GenImage]) -> Latents | None:
    if not images:
        return None
    noises = [torch.zeros_like(i.tokens) if i.noise is None else i.noise for i in images]
    tokens = torch.cat([image.tokens for image in images])
    has_source = [torch.full((len(i.tokens),), i.source is not None) for i in images]
    return Latents(
        tokens=tokens,
        noise=torch.cat(noises),
        t=torch.cat([torch.full((len(image.tokens), 1), float(image.t)) for image in images]),
        position_ids=torch.cat([image.position_ids for image in images]),
        edited=torch.cat(has_source).nonzero()[:, 0],
        source=torch.cat([tokens[:0], *(i.source for i in images if i.source is not None)]),
    )


def _first_fit(lengths: list[int], capacity: int) -> list[list[int]]:
    """Put samples into as few bins of `capacity` rows as first-fit decreasing finds."""
    bins: list[list[int]] = []
    room: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        b = next((b for b, free in enumerate(room) if free >= lengths[i]), len(bins))
        if b == len(bins):
            bins.append([])
            room.append(capacity)
        bins[b].append(i)
        room[b] -= lengths[i]
    return bins


def _grid_mask(bins: list[list[_Rows]], longest: int, past_is_real: Tensor | None) -> Tensor:
    past = 0 if past_is_real is None else past_is_real.shape[1]
    mask = torch.zeros(len(bins), 1, longest, past + longest, dtype=torch.bool)
    for b, members in enumerate(bins):
        start = 0
        for rows in members:
            end = start + len(rows.positions)
            block = sample_mask(rows.split_lens, rows.attn_modes, rows.branches)
            mask[b, 0, start:end, past + start : past + end] = block
            start = end
        mask[b, 0, start:, past] = True
        if past_is_real is not None:
            mask[b, 0, :start, :past] = past_is_real[b]
    return mask


def seen_image(config: ModelConfig, pixels_CYX: Tensor, *, dropped: bool = False) -> UndImage:
    """Return a picture's vision patches; pixels in [-1, 1]."""
    patches, ids = to_patches(
        pixels_CYX, config.vision.patch_size, config.vit_max_num_patch_per_side
    )
    return UndImage(patches=patches, position_ids=ids, dropped=dropped)


def clean_image(config: ModelConfig, latents_CYX: Tensor, *, dropped: bool = False) -> GenImage:
    """Return a picture's latents as a clean condition."""
    patch = config.latent_patch_size
    _, height, width = latents_CYX.shape
    return GenImage(
        tokens=to_tokens(latents_CYX, patch),
        position_ids=grid_ids(height // patch, width // patch, config.max_latent_size),
        dropped=dropped,
    )


def target_image(clean: GenImage, t: float, noise: torch.Generator) -> GenImage:
    """Return a picture as a training target at time `t`, with noise from the generator."""
    return replace(clean, noise=torch.randn(clean.tokens.shape, generator=noise), t=t)
