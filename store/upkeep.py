"""What is done in idle moments: lost files, stale indexes, copies, room of deleted rows.

Nothing is deleted at opening. A file that no record names may be one whose database was put back
from a copy, so it is told and waits for days in a quarantine; only then it goes. Knows what is due.
Does not know when the program is idle.
"""

import logging
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from omnipersona.store.database import Database, in_parts, now
from omnipersona.store.files import Files, path_of
from omnipersona.store.first_edition import drop_copy
from omnipersona.store.reserve import Reserve
from omnipersona.store.schema import OWNER, indexes, jobs, quarantine
from omnipersona.store.shelf import NAMING
from omnipersona.store.stores import UNFINISHED
from omnipersona.store.tombstones import Tombstones

logger = logging.getLogger(__name__)

GRACE: Final = timedelta(days=7)
"""How long a file that no record names, or the copy of an older version, is kept."""

_EVERY: Final = 24 * 3600.0


class Upkeep:
    """What is due, of one memory.

    Args:
        folder: The data folder.
        database: Records.
        files: Files of all users.
        tombstones: What was forgotten, files included.
        renew: Makes a user's search index anew.

    Attributes:
        reserve: Room for forgetting on a full disk (`Reserve`).
    """

    def __init__(
        self,
        folder: Path,
        database: Database,
        files: Files,
        tombstones: Tombstones,
        renew: Callable[[str], None],
    ) -> None:
        self._folder = folder
        self._database = database
        self._files = files
        self._tombstones = tombstones
        self._renew = renew
        self._looked_at: float | None = None
        self.reserve = Reserve(folder)

    def run(self) -> None:
        """Do what is due; each part may be cut at any point and is done again.

        Raises: StorageFailed: a store refused; the rest is left to the next time.
        """
        # Of a restore that was cut; nobody restores while the folder is in use.
        shutil.rmtree(self._folder / UNFINISHED, ignore_errors=True)
        self.reserve.make()
        self.renew_indexes()
        if self._looked_at is None or time.monotonic() - self._looked_at > _EVERY:
            self.sweep()
            self._drop_ended()
            drop_copy(self._database, self._folder, datetime.now(UTC) - GRACE)
            self._looked_at = time.monotonic()

    def drop_copy(self) -> None:
        """Remove the copy of an older version, which would keep what is about to be forgotten."""
        drop_copy(self._database, self._folder)

    def renew_indexes(self) -> int:
        """Make search indexes anew that hold forgotten vectors; return how many."""
        with self._database.of_all() as connection:
            stale = sa.select(indexes.c[OWNER]).where(indexes.c.stale_since.is_not(None))
            user_ids = list(connection.execute(stale).scalars())
        for user_id in user_ids:
            self._renew(user_id)
        if user_ids and self._database.is_sqlite:
            # Deleted rows are overwritten at once; what was moved before may have left a trace.
            self._database.rewrite()
        return len(user_ids)

    def sweep(self, grace: timedelta = GRACE) -> tuple[int, int]:
        """Find files that no record names; delete those that have been so for long enough.

        Returns: How many are in quarantine, and how many were deleted.
        """
        named = self._named()
        lost = {path for path in self._files.paths() if path.partition(".")[0] not in named}
        limit, moment = (datetime.now(UTC) - grace).isoformat(timespec="microseconds"), now()
        with self._database.of_all() as connection:
            rows = connection.execute(sa.select(quarantine)).mappings()
            since = {row["path"]: row["found_at"] for row in rows}
            new = [{"path": path, "found_at": moment} for path in sorted(lost - since.keys())]
            if new:
                connection.execute(sa.insert(quarantine), new)
            for some in in_parts(sorted(since.keys() - lost)):
                connection.execute(sa.delete(quarantine).where(quarantine.c.path.in_(some)))
        due = [
            path
            for path in lost
            if since.get(path, moment) <= limit or self._tombstones.is_buried(path)
        ]
        for path in due:
            self._files.remove(path)
        num_kept = len(lost) - len(due)
        if num_kept:
            logger.warning(
                "%d files are named by no record; each is kept for %d days", num_kept, grace.days
            )
        return num_kept, len(due)

    def _drop_ended(self) -> None:
        """Drop lessons that ended long ago; until then a program that asks is told how."""
        limit = (datetime.now(UTC) - GRACE).isoformat(timespec="microseconds")
        has_ended = jobs.c.state.not_in(("waiting", "running"))
        with self._database.of_all() as connection:
            connection.execute(sa.delete(jobs).where(has_ended, jobs.c.updated_at < limit))

    def _named(self) -> set[str]:
        found = set[str]()
        with self._database.of_all() as connection:
            for column in NAMING:
                query = sa.select(column.table.c[OWNER], column).where(column.is_not(None))
                found |= {path_of(*row) for row in connection.execute(query)}
        return found
