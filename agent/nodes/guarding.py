"""After an edit: are those still themselves whom it should have left alone?

Knows when a score has fallen far enough to be worth a word. Changes nothing: the user undoes.
"""

import re
import threading
from typing import Final

from langgraph.runtime import Runtime

from omnipersona.agent.context import Context
from omnipersona.agent.nodes.reading import card_of
from omnipersona.agent.state import ConceptCard, State
from omnipersona.tools.concept_service import brief_concepts
from omnipersona.tools.gallery import shown_in
from omnipersona.tools.identity import identity_score
from omnipersona.tools.outcome import ToolDeps
from omnipersona.tools.threads import in_worker

_RECOGNISED: Final = 0.5
_FALLEN: Final = 0.5  # of what it was before
_TAKEN_AWAY: Final = re.compile(r"(remove|replace)\b", re.IGNORECASE)


class GuardingNodes:
    """Nodes that look at what was made."""

    def __init__(self, deps: ToolDeps) -> None:
        self._deps = deps

    async def compare_identity(self, state: State, runtime: Runtime[Context]) -> State:
        """Compare how well the source's concepts are recognised before and after an edit."""
        if not runtime.context.drift_guard:
            return State()
        user_id = runtime.context.user_id

        def work(cancel: threading.Event) -> list[tuple[str, float, float]]:
            def score(card: ConceptCard, picture_id: str) -> float:
                return identity_score(self._deps, user_id, card["concept_id"], picture_id, cancel)

            source, result = state["source_picture_id"], state["last_drawing_id"]
            shown = brief_concepts(self._deps, user_id, shown_in(self._deps, user_id, source))
            kept = _to_be_kept(state, [card_of(brief) for brief in shown])
            return [(card["name"], score(card, source), score(card, result)) for card in kept]

        found = await in_worker(work)
        scores = [
            {"concept": name, "before": round(before, 3), "after": round(after, 3)}
            for name, before, after in found
        ]
        notes = [
            f"<{name}> is harder to recognise in it than before ({before:.0%}, now {after:.0%}); "
            '"undo that" takes the edit back.'
            for name, before, after in found
            if before >= _RECOGNISED and after < _FALLEN * before
        ]
        return State(
            notes=[*state["notes"], *notes], details={**state["details"], "identity": scores}
        )


def _to_be_kept(state: State, shown: list[ConceptCard]) -> list[ConceptCard]:
    """Return the learned concepts of the source that the edit does not take out itself."""
    gone = set[str]()
    if _TAKEN_AWAY.match(state["prompt"].template.strip()):
        gone = {one.id for one in state["prompt"].concepts}
    return [card for card in shown if card["concept_id"] not in gone and card["has_tokens"]]
