"""How people ask for a change of a picture, in either of its uses: message or instruction.

`{it}` is what comes or goes, `{o}` whom it is about, `{p}` theirs. The first wording of a group is
the canonical one. New wordings are appended: the place in the list decides what is held out.
"""

from omnipersona.model.nano.corpus.phrasing import Phrases

REMOVE = Phrases(
    "remove {it}",
    "take {it} out",
    "delete {it}",
    "cut {it} out",
    "get rid of {it}",
    "make {it} disappear",
    "take away {it}",
    "remove {it} from the scene",
    "leave {it} out of it",
    "take {it} out of there",
    "i don't want {it} in it",
    "wipe {it} away",
    "take {it} out of this picture",
    "the same picture without {it}",
    "erase {it}",
    "i would like {it} gone",
)
ADD = Phrases(
    "add {it}",
    "put {it} in",
    "insert {it}",
    "add {it} to it",
    "place {it} in there",
    "include {it}",
    "put {it} there too",
    "bring in {it}",
    "add {it} beside",
    "let {it} be there too",
    "put {it} next to it",
    "have {it} in there as well",
    "put {it} in the picture",
    "add {it} to the picture",
    "add {it} please",
    "let me see {it} there as well",
    "let {it} join",
    "{it} should be there too",
)
GIVE = Phrases(
    "give {o} {it}",
    "put {it} next to {o}",
    "place {it} beside {o}",
    "hand {o} {it}",
    "let {o} have {it}",
    "give {it} to {o}",
    "put {it} beside {o}",
    "lay {it} down next to {o}",
)
WEAR = Phrases(
    "put {it} on {o}",
    "give {o} {it}",
    "dress {o} in {it}",
    "let {o} wear {it}",
    "have {o} wear {it}",
    "make {o} wear {it}",
    "add {it} to {o}",
    "put {o} in {it}",
    "{o} should wear {it}",
)
UNDRESS = Phrases(
    "take off the {it} of {o}",
    "take off {p} {it}",
    "remove {p} {it}",
    "take the {it} off {o}",
    "remove the {it} of {o}",
    "let {o} take off the {it}",
    "take {p} {it} off",
    "get {p} {it} off",
    "remove the {it} from {o}",
    "take {p} {it} away",
)
UNDRESS_ANY = Phrases(
    "take off the {it}",
    "take the {it} off",
    "lose the {it}",
    "get the {it} off",
    "no more {it}, take it off",
    "off with the {it}",
)
RECOLOR = Phrases(
    "make {o} {color}",
    "paint {o} {color}",
    "color {o} {color}",
    "turn {o} {color}",
    "change the color of {o} to {color}",
    "recolor {o} to {color}",
    "make {o} look {color}",
    "change {o} to {color}",
    "dye {o} {color}",
    "let {o} be {color}",
    "make the color of {o} {color}",
    "give {o} a {color} color",
    "{o} should be {color}",
)
PLACE = Phrases(
    "change the place to {place}",
    "change the background to {place}",
    "make the background {place}",
    "put {place} behind it",
    "set the background to {place}",
    "use {place} as background",
    "change the scene to {place}",
    "let it play in {place}",
    "change the scene so that it is in {place}",
    "put everything in {place}",
    "move it to {place}",
    "let the background be {place}",
    "put it in {place}",
    "replace the background with {place}",
)
MOVE = Phrases(
    "move {o} {to}",
    "put {o} {at}",
    "take {o} {to}",
    "place {o} {at}",
    "bring {o} {to}",
    "send {o} {to}",
    "let {o} be {at}",
    "set {o} {at}",
)
MOVE_HOME = Phrases(
    "put {o} at home",
    "move {o} home",
    "take {o} home",
    "move {o} to {p} home",
    "put {o} where {s} live{es}",
    "bring {o} back home",
    "change the background to {p} home",
    "put {o} at {p} favourite place",
)
REPLACE = Phrases(
    "replace {old} with {new}",
    "swap {old} for {new}",
    "change {old} to {new}",
    "turn {old} into {new}",
    "exchange {old} for {new}",
    "put {new} in place of {old}",
    "instead of {old} put {new}",
    "switch {old} for {new}",
    "put {new} there instead of {old}",
    "make {old} {new}",
    "substitute {new} for {old}",
    "swap out {old} with {new}",
    "instead of {old} show {new}",
)
SAME = Phrases(
    "make it {at}",
    "show the same {at}",
    "make the picture {at}",
    "have the same scene {at}",
    "let it all be {at}",
    "do the same picture but {at}",
    "make everything {at}",
    "put the whole scene {at}",
)
