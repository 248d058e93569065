"""The in-context examples of every text task, in the formats of `prompts`; imports no torch.

Knows examples and how many of them to take. Holds no instructions: the model is shown what to do,
never told.
"""

from collections.abc import Sequence
from typing import Final

from omnipersona.model.bagel.prompts import (
    Parsed,
    fact_question,
    facts_prompt,
    parse_prompt,
    recall_prompt,
    rewrite_prompt,
    write_facts,
    write_parsed,
)
from omnipersona.model.contract import (
    Example,
    Intent,
    KnownConcept,
    PictureRef,
    ReadRequest,
    Statement,
)

_BO = KnownConcept(slot="<c0>", kind="dog")
_MIA = KnownConcept(slot="<c1>", kind="cat")


def _parse(
    message: str,
    intent: Intent,
    *known: KnownConcept,
    last: str = "",
    attached: bool = False,
    shown: bool = False,
    picture: PictureRef = "none",
    concepts: tuple[str, ...] = ("<c0>",),
    questions: tuple[str, ...] = (),
) -> Example:
    parsed = Parsed(intent=intent, picture=picture, concepts=concepts, questions=questions)
    request = ReadRequest(
        message=message, known=known, last=last, num_photos=int(attached), shown=shown
    )
    return Example(prompt=parse_prompt(request), reply=write_parsed(parsed))


PARSE_EXAMPLES: Final = (
    _parse(
        "draw <c0> with his toy at home",
        "generate",
        _BO,
        questions=(fact_question("<c0>", "toy"), fact_question("<c0>", "home")),
    ),
    _parse(
        "is <c0> in this photo?",
        "understand",
        _BO,
        _MIA,
        attached=True,
        picture="attached",
    ),
    _parse(
        "this is my dog <c0>, his toy is a red ball",
        "teach",
        attached=True,
        picture="attached",
    ),
    _parse(
        "what is the toy of <c0>?",
        "understand",
        _BO,
        questions=(fact_question("<c0>", "toy"),),
    ),
    _parse(
        "put a blue hat on him",
        "edit",
        _BO,
        last="<c0>",
        shown=True,
        picture="shown",
    ),
    _parse(
        "<c0> lives at the beach",
        "remember",
        _BO,
    ),
    _parse(
        "no, his toy is a blue ball",
        "correct",
        _BO,
        last="<c0>",
    ),
    _parse(
        "draw another one",
        "again",
        _BO,
        last="<c0>",
        shown=True,
        picture="shown",
        concepts=(),
    ),
    _parse("hello, who are you?", "converse", concepts=()),
    _parse("forget <c1>", "forget", _BO, _MIA, concepts=("<c1>",)),
)

FACTS_EXAMPLES: Final = (
    Example(
        prompt=facts_prompt("this is my dog <c0>, his toy is a red ball"),
        reply=write_facts(
            (
                Statement(subject="<c0>", attribute="kind", value="dog"),
                Statement(subject="<c0>", attribute="toy", value="a red ball"),
            )
        ),
    ),
    Example(
        prompt=facts_prompt("<c0> lives at the beach"),
        reply=write_facts((Statement(subject="<c0>", attribute="home", value="the beach"),)),
    ),
    Example(prompt=facts_prompt("please remember <c0>"), reply=write_facts(())),
    Example(
        prompt=facts_prompt("no, the toy of <c0> is a blue ball"),
        reply=write_facts((Statement(subject="<c0>", attribute="toy", value="a blue ball"),)),
    ),
    Example(
        prompt=facts_prompt("my name is ana"),
        reply=write_facts((Statement(attribute="name", value="ana"),)),
    ),
)

_TOY = str(Statement(subject="<c0>", attribute="toy", value="a red ball"))
_HOME = str(Statement(subject="<c0>", attribute="home", value="the beach"))

RECALL_EXAMPLES: Final = (
    Example(prompt=recall_prompt(fact_question("<c0>", "toy"), (_TOY, _HOME)), reply="a red ball"),
    Example(prompt=recall_prompt(fact_question("<c0>", "food"), (_TOY,)), reply="unknown"),
    Example(prompt=recall_prompt(fact_question("<c0>", "home"), (_HOME, _TOY)), reply="the beach"),
    Example(prompt=recall_prompt(fact_question("<c1>", "toy"), (_TOY,)), reply="unknown"),
)

DRAW_EXAMPLES: Final = (
    Example(
        prompt=rewrite_prompt("draw", "draw <c0> with his toy at home", (_TOY, _HOME)),
        reply="<c0> with a red ball at the beach",
    ),
    Example(
        prompt=rewrite_prompt("draw", "a picture of <c0> in the snow please", ()),
        reply="<c0> in the snow",
    ),
    Example(
        prompt=rewrite_prompt("draw", "show me <c0> and his toy at night", (_TOY,)),
        reply="<c0> with a red ball at night",
    ),
    Example(prompt=rewrite_prompt("draw", "draw a helicopter", ()), reply="cannot: a helicopter"),
    Example(
        prompt=rewrite_prompt("draw", "can you paint <c0> at home?", (_HOME,)),
        reply="<c0> at the beach",
    ),
)

EDIT_EXAMPLES: Final = (
    Example(
        prompt=rewrite_prompt("edit", "put a blue hat on <c0>", ()),
        reply="put a blue hat on <c0>",
    ),
    Example(
        prompt=rewrite_prompt("edit", "please give him his toy", (_TOY,)),
        reply="add a red ball",
    ),
    Example(prompt=rewrite_prompt("edit", "take <c0> out of this photo", ()), reply="remove <c0>"),
    Example(
        prompt=rewrite_prompt("edit", "move <c0> to his home", (_HOME,)),
        reply="move <c0> to the beach",
    ),
    Example(prompt=rewrite_prompt("edit", "make him drive a car", ()), reply="cannot: drive a car"),
)


def headed(message: str, slots: Sequence[str]) -> str:
    """Say whom a message means where it does not name them all itself.

    "Give him a hat" alone does not tell a text task who he is; `about <c0>: give him a hat` does.
    """
    if all(slot in message for slot in slots):
        return message
    return f"about {' '.join(slots)}: {message}"


def take(examples: Sequence[Example], count: int) -> tuple[Example, ...]:
    """Return the first `count` examples, or all of them where there are fewer."""
    return tuple(examples[: max(count, 0)])


def take_others(examples: Sequence[Example], count: int) -> tuple[Example, ...]:
    """Return a set for a second try: one example more, taken from the end."""
    return tuple(examples[-(max(count, 0) + 1) :])
