"""First messages and their sample photos."""

import io

from PIL import Image

from omnipersona.ui.chat.starters import STARTERS, sample_photos


def test_every_sample_photo_is_there_and_opens() -> None:
    names = set()
    for starter in STARTERS:
        photos = sample_photos(starter.text)
        assert [name for name, _ in photos] == list(starter.photos)
        for name, data in photos:
            names.add(name)
            with Image.open(io.BytesIO(data)) as picture:
                assert (picture.size, picture.format) == ((256, 256), "PNG")
    assert sum(name.startswith("bo_") for name in names) == 6


def test_texts_are_told_apart() -> None:
    assert len({starter.text for starter in STARTERS}) == len(STARTERS)


def test_other_texts_bring_no_photo() -> None:
    assert sample_photos("hello") == ()
