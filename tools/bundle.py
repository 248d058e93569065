"""A concept as one file: a ZIP archive of tokens, facts and small photos, with checksums.

Read without trust: names must be the known ones, sizes are looked at before anything is unpacked,
and nothing is written to disk. Knows archives. Does not know users or the memory.
"""

import hashlib
import io
import json
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from omnipersona.tools.outcome import ToolFailed

FORMAT: Final = 1
MAX_BYTES: Final = 32 * 2**20
MAX_PHOTOS: Final = 20
_CARD: Final = "concept.json"
_TOKENS: Final = "tokens.safetensors"
_PHOTO: Final = re.compile(r"photos/\d{2}\.png")
_WHEN: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """What a concept's file holds.

    Attributes:
        name: As its owner spells it.
        kind: Its noun, or "".
        tokens: The learned token file.
        facts: (attribute, value) pairs.
        photos: Small PNG pictures.
    """

    name: str
    kind: str
    tokens: bytes
    facts: tuple[tuple[str, str], ...] = ()
    photos: tuple[bytes, ...] = ()


def is_bundle(data: bytes) -> bool:
    """Whether a file is an archive at all."""
    return data.startswith(b"PK\x03\x04")


def pack_bundle(bundle: Bundle) -> bytes:
    """Return the archive; equal contents give equal bytes."""
    parts = {_TOKENS: bundle.tokens}
    parts |= {f"photos/{i:02}.png": png for i, png in enumerate(bundle.photos[:MAX_PHOTOS])}
    card = {
        "format": FORMAT,
        "name": bundle.name,
        "kind": bundle.kind,
        "facts": [list(fact) for fact in bundle.facts],
        "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in parts.items()},
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        text = json.dumps(card, ensure_ascii=False, indent=1).encode()
        for name, data in {_CARD: text, **parts}.items():
            archive.writestr(zipfile.ZipInfo(name, _WHEN), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def unpack_bundle(data: bytes) -> Bundle:
    """Return what an archive holds.

    Raises: ToolFailed: it is damaged, too large, was changed, or holds what does not belong there.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = _read_parts(archive)
        card = json.loads(parts.pop(_CARD))
        return _checked(card, parts)
    except ToolFailed:
        raise
    except (zipfile.BadZipFile, zlib.error, ValueError, KeyError, TypeError, EOFError) as error:
        raise _refused(f"it is damaged ({error})") from error
    except (NotImplementedError, RuntimeError) as error:
        raise _refused("it is encrypted or packed in an unknown way") from error


def _read_parts(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    strange = [n for n in names if n not in (_CARD, _TOKENS) and not _PHOTO.fullmatch(n)]
    if strange or len(set(names)) < len(names):
        raise _refused(f"it holds {strange[0]!r}" if strange else "it holds a name twice")
    if len(entries) > 2 + MAX_PHOTOS or sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise _refused("it is too large")
    parts = {}
    for entry in entries:
        with archive.open(entry) as file:
            # A header may lie about the size of what follows.
            parts[entry.filename] = file.read(entry.file_size + 1)
        if len(parts[entry.filename]) != entry.file_size:
            raise _refused("it is larger than it says")
    return parts


def _checked(card: Any, parts: dict[str, bytes]) -> Bundle:
    if card["format"] != FORMAT:
        raise _refused(f"it has format {card['format']!r}, not {FORMAT}")
    found = {name: hashlib.sha256(data).hexdigest() for name, data in parts.items()}
    if found != card["sha256"]:
        raise _refused("its checksums do not fit")
    return Bundle(
        name=str(card["name"]),
        kind=str(card["kind"]),
        tokens=parts[_TOKENS],
        facts=_facts(card["facts"]),
        photos=tuple(data for name, data in sorted(parts.items()) if name != _TOKENS),
    )


def _facts(rows: Sequence[Sequence[Any]]) -> tuple[tuple[str, str], ...]:
    return tuple((str(attribute), str(value)) for attribute, value in rows)


def _refused(reason: str) -> ToolFailed:
    return ToolFailed(f"This file cannot be taken in: {reason}. Export the concept again.")
