"""How many turns are under way at once, and how many of them one user may have.

A turn calls the model several times. It is refused at its start or not at all, so that no work is
lost at its second call; and whoever asks for much at once leaves room for the others.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from omnipersona.model.errors import ModelBusy

_LIMIT: Final = 48  # fewer than the threads that turns run in
_SHARE: Final = 16
_RETRY_SECONDS: Final = 5.0


class Admission:
    """Counts the turns of this process; safe to use from any thread.

    Args:
        limit: Turns at once, of all users.
        share: Of them, those that one user may have.
    """

    def __init__(self, limit: int = _LIMIT, share: int = _SHARE) -> None:
        self._limit = limit
        self._share = share
        self._turns = Counter[str]()
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, user_id: str) -> Iterator[None]:
        """Count a turn while it runs.

        Raises:
            ModelBusy: There are too many, of the user or of all.
        """
        with self._lock:
            own = self._turns[user_id]
            if own >= self._share or self._turns.total() >= self._limit:
                whose = f"{own} of your requests are" if own >= self._share else "Too many are"
                raise ModelBusy(
                    f"{whose} under way. Try again in a moment.", retry_after=_RETRY_SECONDS
                )
            self._turns[user_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._turns[user_id] -= 1
                if not self._turns[user_id]:
                    del self._turns[user_id]
