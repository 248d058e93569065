"""How people word questions about a picture.

`{who}` is a figure, `{it}` a thing or a concept, `{marks}` spots, stripes or patches.
"""

from typing import Final

from omnipersona.training.corpus.phrasing import read_phrases

_SAID: Final = read_phrases("wordings")
COLOR = _SAID["color"]
SPECIES = _SAID["species"]
PATTERN = _SAID["pattern"]
PATTERN_COLOR = _SAID["pattern color"]
PLACE = _SAID["place"]
ACCESSORY = _SAID["accessory"]
THING = _SAID["thing"]
POSE = _SAID["pose"]
COUNT = _SAID["count"]
EYES = _SAID["eyes"]
CAPTION = _SAID["caption"]
IS_THERE = _SAID["is there"]
RECOGNISE = _SAID["recognise"]
