"""Byte-level BPE with concept slots; special tokens by name.

Knows words and ids. Does not know embeddings. A user's text can never produce a special token or a
slot: only what callers write as slots `<c0>` ... `<c9>` counts as one, and text that looks like a
special token is broken apart.
"""

import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final, Self

from tokenizers import Tokenizer as Backend
from tokenizers import decoders, models, pre_tokenizers, trainers

from omnipersona.model.bagel.sequence import Markers
from omnipersona.model.contract import MAX_CONCEPTS, slot
from omnipersona.model.errors import WeightsError

BEGIN: Final = "<|im_start|>"
END: Final = "<|im_end|>"
START_OF_IMAGE: Final = "<|vision_start|>"
END_OF_IMAGE: Final = "<|vision_end|>"
_SLOT: Final = re.compile(r"<c(\d)>")


class Tokenizer:
    """Text to ids and back.

    Slots that a caller fills with learned vectors take exactly one id each. Slots that stay bare
    are one vocabulary id where the vocabulary has slots, and literal text where it has not.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.begin = self._id(BEGIN)
        self.end = self._id(END)
        self.markers = Markers(self._id(START_OF_IMAGE), self._id(END_OF_IMAGE))
        found = [backend.token_to_id(slot(i)) for i in range(MAX_CONCEPTS)]
        self._slots: list[int | None] = found

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read `tokenizer.json` of a checkpoint folder.

        Raises:
            WeightsError: It is missing or damaged.
        """
        path = folder / "tokenizer.json"
        if not path.exists():
            raise WeightsError(f"tokenizer.json is missing in {folder}. Fetch the folder again.")
        try:
            return cls(Backend.from_file(str(path)))
        except Exception as error:  # noqa: BLE001  (the library raises bare Exception)
            raise WeightsError(f"{path} cannot be read ({error}). Fetch it again.") from error

    @classmethod
    def train(cls, texts: Iterable[str], vocab_size: int) -> Self:
        """Learn a vocabulary of `vocab_size` ids from texts; every byte has an id."""
        backend = Backend(models.BPE())
        backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        backend.decoder = decoders.ByteLevel()
        special = [BEGIN, END, START_OF_IMAGE, END_OF_IMAGE]
        special += [slot(i) for i in range(MAX_CONCEPTS)]
        trainer = trainers.BpeTrainer(
            vocab_size=vocab_size,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        backend.train_from_iterator((_SLOT.sub(" ", text) for text in texts), trainer)
        return cls(backend)

    def write(self, folder: Path) -> None:
        """Write `tokenizer.json`."""
        self._backend.save(str(folder / "tokenizer.json"))

    @property
    def vocab_size(self) -> int:
        """Number of ids."""
        return int(self._backend.get_vocab_size())

    def encode(
        self, text: str, filled: Collection[int] = ()
    ) -> tuple[list[int], list[tuple[int, int]]]:
        """Return ids and, for each slot of a concept in `filled`, (place in ids, concept).

        The id at a filled slot is the slot's own where there is one, else a filler.
        """
        ids: list[int] = []
        places: list[tuple[int, int]] = []
        end = 0
        for match in _SLOT.finditer(text):
            ids += self._plain(text[end : match.start()])
            end = match.end()
            index = int(match.group(1))
            own = self._slots[index]
            if index in filled:
                places.append((len(ids), index))
                ids.append(self.begin if own is None else own)
            else:
                ids += self._plain(match.group()) if own is None else [own]
        return ids + self._plain(text[end:]), places

    def decode(self, ids: list[int]) -> str:
        """Return the text of ids; markers vanish, slots stay readable."""
        hidden = {self.begin, self.end, self.markers.start_of_image, self.markers.end_of_image}
        kept = [i for i in ids if i not in hidden]
        return str(self._backend.decode(kept, skip_special_tokens=False))

    def _plain(self, text: str) -> list[int]:
        if not text:
            return []
        broken = text.replace("<|", "< |")
        return list(self._backend.encode(broken, add_special_tokens=False).ids)

    def _id(self, token: str) -> int:
        found = self._backend.token_to_id(token)
        if found is None:
            raise WeightsError(
                f"The tokenizer lacks '{token}', which BAGEL's has. Fetch tokenizer.json again."
            )
        return int(found)
