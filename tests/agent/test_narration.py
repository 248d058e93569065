"""Steps are told in the user's own spelling."""

from omnipersona.agent.assistant import Assistant
from omnipersona.agent.graph import build_graph
from omnipersona.agent.narration import TITLES, narrate
from omnipersona.agent.state import Evidence
from omnipersona.model.slotted_text import ConceptRef, SlottedText

BO, MIA = ConceptRef("Bo", "1"), ConceptRef("Mia", "2")


def test_a_disagreement_is_shown() -> None:
    item = Evidence(
        question=SlottedText("what is the toy of <c0>?", (BO,)),
        answer=SlottedText("a ball"),
        source="you said",
        fact_id="f",
        when="2026-01-31",
        confidence=0.9,
        other=SlottedText("a kite"),
    )
    lines = narrate("retrieve_memory", {"evidence": [item]})
    assert lines == (
        ("what is the toy of <Bo>?", "a ball (you said, 2026-01-31; learned tokens say: a kite)"),
    )


def test_a_parse_is_told_by_intent_names_and_questions() -> None:
    update = {
        "intent": "edit",
        "picture_ref": "shown",
        "about": [MIA],
        "questions": [SlottedText("what is the toy of <c0>?", (MIA,))],
    }
    assert narrate("parse_intent", update) == (
        ("intent", "edit"),
        ("picture", "shown"),
        ("about", "<Mia>"),
        ("question", "what is the toy of <Mia>?"),
    )


async def test_every_title_belongs_to_a_node(session: Assistant) -> None:
    assert set(TITLES) <= set(build_graph(session._deps).nodes)
