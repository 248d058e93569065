"""The graph of one turn: nodes, roads, nothing else.

Knows which node follows which. Does not compile: the caller brings a checkpointer, or none. The
services come in by closure, so that the context stays JSON-able.

    load_concepts -> parse_intent -> retrieve_memory -> rewrite_prompt -> approve_prompt
        -> generate | edit -> reply
"""

import inspect
from collections.abc import Callable
from typing import Any, get_args, get_type_hints

from langgraph.graph import END, START, StateGraph

from omnipersona.agent import routes
from omnipersona.agent.context import Context
from omnipersona.agent.nodes.drawing import DrawingNodes
from omnipersona.agent.nodes.guarding import GuardingNodes
from omnipersona.agent.nodes.looking import LookingNodes
from omnipersona.agent.nodes.reading import ReadingNodes
from omnipersona.agent.nodes.remembering import RememberingNodes
from omnipersona.agent.nodes.replying import reply
from omnipersona.agent.nodes.retrieving import RetrievingNodes
from omnipersona.agent.nodes.teaching import TeachingNodes
from omnipersona.agent.state import InputState, OutputState, State
from omnipersona.agent.tracing import traced
from omnipersona.agent.words import with_words
from omnipersona.tools.outcome import ToolDeps

TurnGraph = StateGraph[State, Context, InputState, OutputState]


def build_graph(deps: ToolDeps) -> TurnGraph:
    """Return the uncompiled graph of a turn.

    Args:
        deps: Model, memory and learning jobs.
    Returns: A graph that takes `InputState` and `Context`; compile it with a checkpointer, which
        the questions to the user need.
    """
    graph = StateGraph(
        State, context_schema=Context, input_schema=InputState, output_schema=OutputState
    )
    for name, node in _nodes(deps).items():
        graph.add_node(name, with_words(deps, name, traced(name, node)))
    graph.add_edge(START, "load_concepts")
    graph.add_edge("load_concepts", "parse_intent")
    _branch(graph, "parse_intent", routes.route_intent)
    _branch(graph, "ask_concept", routes.route_choice)
    _branch(graph, "ask_picture", routes.route_picture)
    _branch(graph, "retrieve_memory", routes.route_memory)
    _branch(graph, "rewrite_prompt", routes.route_rewrite)
    _branch(graph, "approve_prompt", routes.route_approved)
    _branch(graph, "again", routes.route_again)
    _branch(graph, "undo", routes.route_undo)
    graph.add_edge("edit", "compare_identity")
    for name in ("read_teaching", "ask_name", "ask_photos", "ask_kind", "ask_consent"):
        _branch(graph, name, routes.route_teaching)
    _branch(graph, "find_forgettable", routes.route_forgettable)
    _branch(graph, "confirm_forget", routes.route_confirmed)
    for name in _LAST_NODES:
        graph.add_edge(name, "reply")
    graph.add_edge("reply", END)
    return graph


_LAST_NODES = (
    "unknown_concept",
    "understand",
    "answer_from_memory",
    "generate",
    "compare_identity",
    "teach",
    "remember",
    "correct",
    "forget",
    "list_known",
    "explain",
    "converse",
)


def destinations(route: Callable[[State], str]) -> tuple[str, ...]:
    """Return the nodes a route may name, from its return annotation."""
    return get_args(get_type_hints(inspect.unwrap(route))["return"])


def _branch(graph: TurnGraph, source: str, route: Callable[[State], str]) -> None:
    # With an explicit list LangGraph refuses an unknown node when it compiles; without one an
    # unknown destination would end the run in silence.
    graph.add_conditional_edges(source, route, list(destinations(route)))


def _nodes(deps: ToolDeps) -> dict[str, Any]:
    reading, retrieving = ReadingNodes(deps), RetrievingNodes(deps)
    drawing, looking = DrawingNodes(deps), LookingNodes(deps)
    teaching, remembering = TeachingNodes(deps), RememberingNodes(deps)
    return {
        "load_concepts": reading.load_concepts,
        "parse_intent": reading.parse_intent,
        "ask_concept": reading.ask_concept,
        "unknown_concept": reading.unknown_concept,
        "retrieve_memory": retrieving.retrieve_memory,
        "answer_from_memory": retrieving.answer_from_memory,
        "ask_picture": drawing.ask_picture,
        "rewrite_prompt": drawing.rewrite_prompt,
        "approve_prompt": drawing.approve_prompt,
        "generate": drawing.generate,
        "edit": drawing.edit,
        "compare_identity": GuardingNodes(deps).compare_identity,
        "again": drawing.again,
        "undo": drawing.undo,
        "explain": drawing.explain,
        "understand": looking.understand,
        "converse": looking.converse,
        "read_teaching": teaching.read_teaching,
        "ask_name": teaching.ask_name,
        "ask_photos": teaching.ask_photos,
        "ask_kind": teaching.ask_kind,
        "ask_consent": teaching.ask_consent,
        "teach": teaching.teach,
        "remember": remembering.remember,
        "correct": remembering.correct,
        "find_forgettable": remembering.find_forgettable,
        "confirm_forget": remembering.confirm_forget,
        "forget": remembering.forget,
        "list_known": remembering.list_known,
        "reply": reply,
    }
