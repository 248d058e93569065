"""Vectors of facts in a table beside the records, with pgvector; knows nothing of what they mean.

The table is made when it is missing and made anew when it is damaged, as `FactIndex` asks. A user's
vectors are all compared with the question: at the scale of a person that is exact and fast.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from omnipersona.memory.database import Database
from omnipersona.memory.encoder import Encoder
from omnipersona.memory.errors import InvalidText, StorageFailed
from omnipersona.memory.index import FactIndex, Scores, missing

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS vectors (
    user_id TEXT NOT NULL,
    encoder TEXT NOT NULL,
    fact_id TEXT NOT NULL,
    vector {kind} NOT NULL,
    PRIMARY KEY (user_id, encoder, fact_id)
)
"""
_EXTENSION: Final = (
    "SELECT nspname AS schema FROM pg_extension JOIN pg_namespace"
    " ON pg_namespace.oid = extnamespace WHERE extname = 'vector'"
)


class VectorTable(FactIndex):
    """The vectors of all users in PostgreSQL.

    Args:
        database: A schema of PostgreSQL.
        encoder: Turns sentences into vectors.
    Raises: StorageFailed: the server has no pgvector, or does not answer.
    """

    def __init__(self, database: Database, encoder: Encoder) -> None:
        super().__init__(encoder)
        self._database = database
        self._schema = _extension(database)
        self._make()

    def nearest(
        self,
        user_id: str,
        sentences: Mapping[str, str],
        question: str,
        groups: Sequence[Sequence[str]],
        limit: int,
    ) -> tuple[Scores, ...]:
        """Return the nearest sentences of each group with their cosine similarity.

        Raises: StorageFailed: the table cannot be written, not even a new one.
        """
        vector = self._encoder.encode([question])[0]
        with self.held(user_id):
            scores = self._search_or_mend(user_id, sentences, vector)
        wanted = (set(group) for group in groups)
        return tuple(dict([pair for pair in scores if pair[0] in ids][:limit]) for ids in wanted)

    def drop(self, user_id: str) -> None:
        """Remove a user's vectors; the next search makes them again.

        Raises: StorageFailed: the server does not answer or refuses.
        """
        with self.held(user_id):
            try:
                with self._database.transaction() as writer:
                    writer.execute("DELETE FROM vectors WHERE user_id = ?", (user_id,))
            except StorageFailed:
                # Of a table that is gone or damaged nothing is to be kept.
                self._make_anew()
            self._database.empty_log()

    def close(self) -> None:
        """Do nothing: the database is the store's to close."""

    def _search_or_mend(
        self, user_id: str, sentences: Mapping[str, str], vector: list[float]
    ) -> list[tuple[str, float]]:
        # What fails once may be a connection that was lost, or a table that is gone.
        for mend in (self._make, self._make_anew):
            try:
                return self._search(user_id, sentences, vector)
            except (StorageFailed, InvalidText):
                mend()
        return self._search(user_id, sentences, vector)

    def _search(
        self, user_id: str, sentences: Mapping[str, str], vector: list[float]
    ) -> list[tuple[str, float]]:
        self._level(user_id, sentences)
        rows = self._database.rows(
            f"SELECT fact_id, vector OPERATOR({self._schema}.<=>) {self._value} AS distance"
            " FROM vectors WHERE user_id = ? AND encoder = ? ORDER BY distance, fact_id",
            (str(vector), user_id, self._encoder.name),
        )
        return [(row["fact_id"], 1.0 - float(row["distance"])) for row in rows]

    def _level(self, user_id: str, sentences: Mapping[str, str]) -> None:
        rows = self._database.rows(
            "SELECT fact_id FROM vectors WHERE user_id = ? AND encoder = ?",
            (user_id, self._encoder.name),
        )
        present = {row["fact_id"] for row in rows}
        if not present <= sentences.keys():
            self.drop(user_id)
            present = set()
        for ids, vectors in missing(sentences, present, self._encoder):
            with self._database.transaction() as writer:
                writer.executemany(
                    f"INSERT INTO vectors VALUES (?, ?, ?, {self._value})",
                    [
                        (user_id, self._encoder.name, key, str(one))
                        for key, one in zip(ids, vectors, strict=True)
                    ],
                )

    @property
    def _value(self) -> str:
        return f"CAST(? AS {self._schema}.vector)"

    def _make(self) -> None:
        with self._database.transaction() as writer:
            writer.execute(_TABLE.format(kind=f"{self._schema}.vector"))

    def _make_anew(self) -> None:
        with self._database.transaction() as writer:
            writer.execute("DROP TABLE IF EXISTS vectors")
        self._make()


def _extension(database: Database) -> str:
    """Return the schema of pgvector, which is made if the server has it.

    Raises: StorageFailed: the server lacks it, or does not let us.
    """
    if not (found := database.rows(_EXTENSION)):
        try:
            with database.transaction() as writer:
                writer.execute("CREATE EXTENSION vector")
        except StorageFailed as error:
            raise StorageFailed(
                f"{error} Facts are searched with pgvector: install it on the server and have an "
                "administrator run CREATE EXTENSION vector in this database."
            ) from error
        found = database.rows(_EXTENSION)
    return '"{}"'.format(found[0]["schema"])
