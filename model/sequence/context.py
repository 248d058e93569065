"""What a model has read so far: a context grows by segments; guidance keeps three of them.

Knows segments, caches and the order of events that decides what each guidance context holds.
Does not know words, files or sampling.
"""

# S soft vectors, D width, V vocabulary

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from torch import Tensor

from omnipersona.model.mot.attention import Past
from omnipersona.model.mot.kv_cache import KVCache
from omnipersona.model.omni import Hidden, OmniModel
from omnipersona.model.sequence.pack import Markers, pack
from omnipersona.model.sequence.segments import GenImage, Sample, Segment, TextSegment, UndImage


class Context:
    """A growing prefix of one conversation."""

    def __init__(self, model: OmniModel, markers: Markers, soft_SD: Tensor | None = None) -> None:
        self.model = model
        self.markers = markers
        self.soft_SD = soft_SD
        self.cache = KVCache()

    def fork(self) -> "Context":
        """Return a context that grows on its own from here."""
        other = Context(self.model, self.markers, self.soft_SD)
        other.cache = self.cache.fork()
        return other

    @property
    def num_rows(self) -> int:
        """Rows held."""
        return self.cache.length

    def add(self, segment: Segment) -> Hidden:
        """Read a segment into the cache and return its final rows."""
        past = Past.of([self.cache])
        packed = pack(
            [Sample(segments=(segment,))],
            self.markers,
            start_positions=[self.cache.next_position],
            past_is_real=None if past is None else past.is_real,
        )
        hidden = self.model.run(packed, self.soft_SD, past, [self.cache])
        self.cache.next_position += _positions_taken(segment)
        return hidden

    def feed(self, token: int) -> Tensor:
        """Read one more token of a text being written; return its logits (V,), on the host."""
        hidden = self.add(TextSegment(ids=[token]))
        return self.model.decoder.lm_head(hidden.und_UD[-1]).float().cpu()


def _positions_taken(segment: Segment) -> int:
    return len(segment.ids) if isinstance(segment, TextSegment) else 1


@dataclass(slots=True)
class Guidance:
    """The three contexts of one drawing.

    | event          | full            | without_text        | without_image |
    | -------------- | --------------- | ------------------- | ------------- |
    | system prompt  | add             | -                   | add           |
    | user text      | add             | := full before it   | add           |
    | user picture   | add VAE, ViT    | := full after it    | -             |
    | thought text   | add             | -                   | -             |

    The concept prefix is a system prompt of its own; whether the text-free context keeps it is a
    setting of the model.
    """

    full: Context
    without_text: Context
    without_image: Context

    @classmethod
    def empty(cls, model: OmniModel, markers: Markers, soft_SD: Tensor | None = None) -> Self:
        """Return three empty contexts."""
        start = Context(model, markers, soft_SD)
        return cls(start, start.fork(), start.fork())

    def fork(self) -> Self:
        """Return contexts that grow on their own from here."""
        return type(self)(*(c.fork() for c in (self.full, self.without_text, self.without_image)))

    @property
    def num_rows(self) -> int:
        """Rows held, as if the three contexts shared none."""
        return sum(c.num_rows for c in (self.full, self.without_text, self.without_image))

    def add_system(self, segment: Segment) -> None:
        """Read a system prompt; the text-free context does not see it yet."""
        self.full.add(segment)
        self.without_image.add(segment)

    def add_prefix(self, segment: Segment, *, keep_without_text: bool) -> None:
        """Read the concept prefix."""
        self.add_system(segment)
        if keep_without_text:
            self.without_text = self.full.fork()

    def add_text(self, segment: Segment) -> None:
        """Read a text of the user."""
        self.without_text = self.full.fork()
        self.full.add(segment)
        self.without_image.add(segment)

    def add_picture(self, latents: GenImage | None, patches: UndImage) -> None:
        """Read a picture of the user: latents first, then vision patches."""
        for segment in _present(latents, patches):
            self.full.add(segment)
        self.without_text = self.full.fork()

    def add_thought(self, segment: Segment) -> None:
        """Read a text that the model wrote before drawing."""
        self.full.add(segment)

    @property
    def image_free_equals_full(self) -> bool:
        """Whether the third branch would repeat the first."""
        return (
            self.without_image.cache.length == self.full.cache.length
            and self.without_image.cache.next_position == self.full.cache.next_position
        )


def _present(*segments: Segment | None) -> Iterable[Segment]:
    return (segment for segment in segments if segment is not None)
