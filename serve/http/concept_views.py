"""Concepts, facts and receipts as programs see them: names, never ids of the store."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omnipersona.tools.concept_service import ConceptView, KnownFact
    from omnipersona.tools.outcome import ToolOutcome


def concept_view(view: "ConceptView") -> dict[str, Any]:
    """Return a concept."""
    return {
        "object": "concept",
        "name": view.name,
        "kind": view.kind,
        "is_usable": view.has_tokens,
        "learning": view.learning,
        "num_photos": view.num_photos,
        "facts": list(view.facts),
    }


def fact_view(fact: "KnownFact") -> dict[str, Any]:
    """Return a fact."""
    return {
        "id": fact.fact_id,
        "object": "fact",
        "attribute": fact.attribute,
        "value": fact.value,
        "when": fact.when,
    }


def receipt_view(outcome: "ToolOutcome") -> dict[str, Any]:
    """Return what was deleted, with the hashes of the files."""
    details = dict(outcome.details)
    name = details.pop("concept")
    del details["concept_id"]
    return {"object": "receipt", "deleted": True, "name": name, "text": outcome.text, **details}
