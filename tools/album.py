"""All that is known of a user's concepts, with photos and facts, for a page that shows it.

Knows views, photos and facts. Does not know pages.
"""

from dataclasses import dataclass

from omnipersona.tools.concept_service import ConceptView, KnownFact, current_facts, view_concepts
from omnipersona.tools.outcome import ToolDeps, tool_border


@dataclass(frozen=True, kw_only=True, slots=True)
class AlbumPage:
    """One concept.

    Attributes:
        view: Name, kind and state.
        photo_ids: Pictures that it was learned from, oldest first.
        facts: What is known now.
    """

    view: ConceptView
    photo_ids: tuple[str, ...]
    facts: tuple[KnownFact, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Album:
    """A user's concepts, and what they said of themselves."""

    pages: tuple[AlbumPage, ...]
    own_facts: tuple[KnownFact, ...]


def read_album(deps: ToolDeps, user_id: str) -> Album:
    """Return everything that is known, oldest first."""
    pages = []
    for view in view_concepts(deps, user_id):
        with tool_border():
            photos = deps.memory.concepts.photos(user_id, view.concept_id)
        pages.append(
            AlbumPage(
                view=view,
                photo_ids=tuple(photo.id for photo in photos),
                facts=current_facts(deps, user_id, view.concept_id),
            )
        )
    return Album(pages=tuple(pages), own_facts=current_facts(deps, user_id, ""))
