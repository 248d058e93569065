"""How people ask for a change of a picture, in either of its uses: message or instruction.

`{it}` is what comes or goes, `{o}` whom it is about, `{p}` theirs. The first wording of a group is
the canonical one.
"""

from typing import Final

from omnipersona.training.corpus.phrasing import read_phrases

_SAID: Final = read_phrases("changes")
REMOVE = _SAID["remove"]
ADD = _SAID["add"]
GIVE = _SAID["give"]
WEAR = _SAID["wear"]
UNDRESS = _SAID["undress"]
UNDRESS_ANY = _SAID["undress any"]
RECOLOR = _SAID["recolor"]
PLACE = _SAID["place"]
MOVE = _SAID["move"]
MOVE_HOME = _SAID["move home"]
REPLACE = _SAID["replace"]
SAME = _SAID["same"]
