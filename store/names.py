"""Rules for the names of concepts and users; knows nothing of what is stored.

A concept's name is what a user writes between `<` and `>`. It must be readable, unambiguous and
unable to stand for anything that a model or a file system gives a meaning of its own.
"""

import re
import unicodedata

from omnipersona.store.errors import InvalidName
from omnipersona.store.text import (
    APOSTROPHES,
    compare_key,
    fold,
    is_hidden,
    longest_run_of_marks,
)

MAX_NAME = 40
MAX_USER_ID = 200
_MAX_MARKS = 4
_LONGEST_NAME = 8  # words
_RESERVED_WORDS = frozenset(
    (
        *("system", "user", "assistant", "tool", "image", "picture", "photo"),
        *("me", "myself", "you", "none", "unknown", "null", "sks", "und", "gen"),
        *("im_start", "im_end", "endoftext", "vision_start", "vision_end"),
        *("pad", "bos", "eos", "unk"),
    )
)
_RESERVED_PATTERN = re.compile(r"(c|token_?|und_?|gen_?|sks_?|image_?)\d+")
_PUNCTUATION = " -_'"
_STRAIGHT = str.maketrans(dict.fromkeys(APOSTROPHES, "'"))


def clean_name(name: str) -> str:
    """Return a concept's name as it is kept, e.g. `<Bo>` becomes `Bo`.

    Returns: NFC text of 1 to 40 letters, digits, spaces, `-`, `_` and `'`.
    Raises: InvalidName: it is empty, too long, reserved or holds another character.
    """
    bare = unicodedata.normalize("NFC", name).strip().strip("<>").strip()
    bare = bare.translate(_STRAIGHT)
    if not bare:
        raise InvalidName("A name is empty; write at least one letter or digit.")
    _check_length(bare)
    _check_characters(bare)
    bare = " ".join(bare.split())
    _check_reserved(bare)
    return bare


def name_key(name: str) -> str:
    """Return the form in which names are compared: `<BO>` and `bo` are one name."""
    return compare_key(clean_name(name))


def possible_keys(text: str) -> set[str]:
    """Return every run of words in a text that could be a name, in the form that is compared."""
    folded = fold(text)
    starts = [found.start() for found in re.finditer(r"(?<!\w)\w", folded)]
    ends = [found.end() for found in re.finditer(r"\w(?!\w)", folded)]
    found = {bare.strip() for bare in re.findall(r"<([^<>]{1,80})>", folded)}
    for place, start in enumerate(starts):
        for end in ends[place : place + _LONGEST_NAME]:
            if end - start > MAX_NAME:
                break
            found.add(folded[start:end])
    return found


def check_user_id(user_id: str) -> None:
    """Refuse a user id that cannot be kept.

    Raises: InvalidName: it is empty, longer than 200 characters or holds hidden characters.
    """
    if not user_id.strip() or len(user_id) > MAX_USER_ID or any(map(is_hidden, user_id)):
        raise InvalidName(
            f"The user id {_shown(user_id)} cannot be used; it must be 1 to {MAX_USER_ID} "
            "visible characters."
        )


def _check_length(bare: str) -> None:
    if len(bare) > MAX_NAME:
        raise InvalidName(
            f"The name {_shown(bare)} has {len(bare)} characters; use at most {MAX_NAME}."
        )


def _check_characters(bare: str) -> None:
    if any(map(is_hidden, bare)):
        raise InvalidName(
            f"The name {_shown(bare)} holds an invisible or control character; type it again."
        )
    if bare.startswith("|") and bare.endswith("|"):
        raise InvalidName(
            f"The name {_shown(bare)} is a special token of the model; choose another name."
        )
    wrong = next((c for c in bare if not _is_allowed(c)), None)
    if wrong is not None:
        raise InvalidName(
            f"The name {_shown(bare)} holds {wrong!r}; use letters, digits, spaces, '-', '_' "
            'and "\'" only.'
        )
    if longest_run_of_marks(bare) > _MAX_MARKS:
        raise InvalidName(f"The name {_shown(bare)} stacks too many accents on one letter.")
    if not any(c.isalnum() for c in bare):
        raise InvalidName(f"The name {_shown(bare)} has no letter or digit; add one.")


def _is_allowed(character: str) -> bool:
    return character in _PUNCTUATION or unicodedata.category(character)[0] in "LMN"


def _check_reserved(bare: str) -> None:
    word = compare_key(bare).replace(" ", "_").replace("-", "_").strip("_'")
    if word in _RESERVED_WORDS or _RESERVED_PATTERN.fullmatch(word):
        raise InvalidName(
            f"The name {_shown(bare)} is reserved for the model; choose another name."
        )


def _shown(name: str) -> str:
    return repr(name if len(name) <= MAX_NAME else name[:MAX_NAME] + "...")
