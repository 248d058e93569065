"""Search over the vectors of facts in PostgreSQL, with pgvector; the records are the index.

Vectors of an encoder of known width have an HNSW index (Malkov and Yashunin 2016, arXiv:1603.09320)
over all users; the owner stands in every query, and the search goes on until enough of theirs are
found. What is deleted is gone from every answer with its row.
"""

from typing import Final

import sqlalchemy as sa

from omnipersona.memory.index import Scores, Vectors
from omnipersona.store.database import Database
from omnipersona.store.schema import Vector, fact_vectors

_MAKING: Final = int.from_bytes(b"vectors")
_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


class VectorTable:
    """The vectors of all users in PostgreSQL.

    Args:
        database: A schema of PostgreSQL.
        encoder: Name of what made the vectors: small letters, digits and `-`.
    """

    def __init__(self, database: Database, encoder: str) -> None:
        if not set(encoder) <= _LETTERS:
            raise ValueError(f"The encoder's name {encoder!r} holds other signs than a-z 0-9 -.")
        self._database = database
        self._encoder = encoder
        self._width = 0

    def follow(self, user_id: str) -> None:
        """Do nothing: the records are the index."""

    def nearest(self, user_id: str, vector: Vectors, count: int) -> Scores:
        """Return the ids of so many facts that lie nearest, with their cosine similarities.

        Raises: StorageFailed: the server does not answer or refuses.
        """
        width = len(vector)
        self._make(width)
        asked = sa.bindparam("asked", vector.tobytes(), type_=Vector())
        # The index's expression, word for word, or PostgreSQL would not use it.
        place: sa.ColumnElement[object] = sa.literal_column(f"(vector::vector({width}))")
        distance = place.op("<=>")(asked).label("distance")
        query = (
            sa.select(fact_vectors.c.fact_id, distance)
            .where(fact_vectors.c.encoder == sa.literal_column(f"'{self._encoder}'"))
            .order_by(distance)
            .limit(count)
        )
        with self._database.reading(user_id) as records:
            return {row["fact_id"]: 1.0 - float(row["distance"]) for row in records.rows(query)}

    def renew(self, user_id: str) -> None:
        """Do nothing: deleted rows are gone."""

    def drop(self, user_id: str) -> None:
        """Do nothing: deleted rows are gone."""

    def close(self) -> None:
        """Do nothing: the database is the store's to close."""

    def _make(self, width: int) -> None:
        if self._width == width:
            return
        name = f"ix_fact_vectors_{self._encoder.replace('-', '_')}_{width}"
        with self._database.of_all() as connection:
            # "If not exists" alone lets two makers collide.
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MAKING})")
            connection.exec_driver_sql(
                f"CREATE INDEX IF NOT EXISTS {name} ON fact_vectors"
                f" USING hnsw ((vector::vector({width})) vector_cosine_ops)"
                f" WHERE encoder = '{self._encoder}'"
            )
        self._width = width
