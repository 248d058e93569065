"""Every road leads to a node that exists, and every node is reached."""

import itertools
from typing import get_args

import pytest

from omnipersona.agent import routes
from omnipersona.agent.assistant import Assistant
from omnipersona.agent.graph import build_graph, destinations
from omnipersona.agent.state import ConceptCard, State, Teaching, fresh_turn
from omnipersona.model.contract import INTENTS, Intent
from omnipersona.model.slotted_text import ConceptRef, SlottedText

BO, MIA = ConceptRef("bo", "id-0"), ConceptRef("mia", "id-1")

ROUTES = (
    routes.route_intent,
    routes.route_choice,
    routes.route_picture,
    routes.route_memory,
    routes.route_rewrite,
    routes.route_approved,
    routes.route_again,
    routes.route_undo,
    routes.route_teaching,
    routes.route_forgettable,
    routes.route_confirmed,
)


def state(**values: object) -> State:
    full = fresh_turn()
    full.update(values)  # type: ignore[typeddict-item]  # fields of the state
    return full


def every_state() -> list[State]:
    """Return states of every mix of what the routes look at."""
    mixes = itertools.product(
        INTENTS,
        ("", "done"),
        ("", "picture-1"),
        ([], [BO], [BO, MIA]),
        ((), (BO,), (ConceptRef("zoe"),)),
        ("", "all of them"),
        ("", "a dog"),
    )
    return [
        state(
            intent=intent,
            answer=answer,
            source_picture_id=picture,
            about=about,
            message=SlottedText("words", mentioned),
            in_play=[BO, MIA],
            choice=choice,
            prompt=SlottedText(prompt),
        )
        for intent, answer, picture, about, mentioned, choice, prompt in mixes
    ]


def test_no_route_names_an_unknown_node(session: Assistant) -> None:
    nodes = set(build_graph(session._deps).nodes)
    for route in ROUTES:
        named = set(destinations(route))
        assert named <= nodes
        assert {route(s) for s in every_state()} <= named


def test_every_node_can_be_reached(session: Assistant) -> None:
    graph = build_graph(session._deps)
    reached = {name for route in ROUTES for name in destinations(route)}
    reached |= {target for _, target in graph.edges}
    assert set(graph.nodes) <= reached


@pytest.mark.parametrize(
    ("intent", "node"),
    [
        ("understand", "understand"),
        ("generate", "retrieve_memory"),
        ("edit", "retrieve_memory"),
        ("teach", "read_teaching"),
        ("remember", "remember"),
        ("correct", "correct"),
        ("forget", "find_forgettable"),
        ("list", "list_known"),
        ("explain", "explain"),
        ("undo", "undo"),
        ("again", "again"),
        ("converse", "converse"),
    ],
)
def test_each_intent_has_its_way(intent: Intent, node: str) -> None:
    assert routes.route_intent(state(intent=intent, source_picture_id="p")) == node


def test_the_table_above_holds_all_intents() -> None:
    assert len(get_args(Intent)) == 12


def test_understanding_and_editing_without_a_picture() -> None:
    assert routes.route_intent(state(intent="edit")) == "ask_picture"
    assert routes.route_intent(state(intent="understand")) == "ask_picture"
    asked = state(intent="understand", about=[BO])
    assert routes.route_intent(asked) == "retrieve_memory"


@pytest.mark.parametrize(
    ("known", "node"),
    [
        ({}, "ask_name"),
        ({"name": "bo"}, "ask_photos"),
        ({"name": "bo", "picture_ids": ["p"]}, "ask_kind"),
        ({"name": "bo", "picture_ids": ["p"], "kind": "dog"}, "teach"),
        ({"name": "bo", "picture_ids": ["p"], "kind": "man", "asks_consent": True}, "ask_consent"),
        (
            {"name": "bo", "picture_ids": ["p"], "kind": "man"}
            | {"asks_consent": True, "has_consent": True},
            "teach",
        ),
    ],
)
def test_teaching_asks_for_the_next_missing_thing(known: dict[str, object], node: str) -> None:
    teaching: Teaching = fresh_turn()["teaching"]
    teaching.update(known)  # type: ignore[typeddict-item]  # fields of a teaching
    assert routes.route_teaching(state(teaching=teaching)) == node


def card(concept_id: str, kind: str) -> ConceptCard:
    return ConceptCard(
        concept_id=concept_id, name=concept_id, kind=kind, has_tokens=True, learning=""
    )


@pytest.mark.parametrize(
    ("kinds", "last", "mentioned", "node"),
    [
        (("cat", "cat", "dog"), "", 0, "ask_concept"),
        (("cat", "cat", "dog"), "id-0", 0, "ask_concept"),
        (("cat", "cat", "dog"), "", 2, "retrieve_memory"),
        (("doll", "dog", "cat"), "id-0", 0, "retrieve_memory"),
        (("doll", "dog"), "", 0, "ask_concept"),
        (("doll", "dog"), "id-1", 0, "retrieve_memory"),
        (("", ""), "id-1", 0, "retrieve_memory"),
    ],
)
def test_only_what_words_do_not_tell_apart_is_asked(
    kinds: tuple[str, ...], last: str, mentioned: int, node: str
) -> None:
    known = [ConceptRef(f"id-{i}", f"id-{i}") for i in range(len(kinds))]
    found = state(
        intent="generate",
        message=SlottedText("words", tuple(known[:mentioned])),
        about=known[:2],
        in_play=known,
        cards=[card(one.id, kind) for one, kind in zip(known, kinds, strict=True)],
        last_concept_id=last,
    )
    assert routes.route_intent(found) == node
