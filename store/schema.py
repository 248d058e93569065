"""The tables of all that lasts, one shape for SQLite and PostgreSQL.

Whatever belongs to someone has their id in its key, and links between such tables carry it along:
an id alone never reaches another user's row. Rows are numbered in the order in which they were
stored; numbers are never used twice. Knows shapes. Does not know what is done with them.
"""

import json
import struct
from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.types import UserDefinedType

METADATA: Final = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

OWNER: Final = "user_id"
"""The column that tells whose a row is."""


class Vector(UserDefinedType[bytes]):
    """Numbers of single precision: bytes in SQLite, pgvector's type in PostgreSQL."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Return PostgreSQL's name of the type."""
        return "vector"

    def bind_processor(self, dialect: sa.Dialect) -> Callable[[bytes | None], str | None]:
        """Return what writes the bytes of numbers as pgvector reads them."""
        return _as_text

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[str], bytes]:
        """Return what reads them back."""
        return lambda text: struct.pack(f"<{text.count(',') + 1}f", *json.loads(text))


def _as_text(kept: bytes | None) -> str | None:
    return None if kept is None else json.dumps(struct.unpack(f"<{len(kept) // 4}f", kept))


_NUMBER: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_VECTOR: Final = sa.LargeBinary().with_variant(Vector(), "postgresql")


def _number() -> sa.Column[int]:
    return sa.Column("number", _NUMBER, primary_key=True, autoincrement=True)


def _owner() -> sa.Column[str]:
    return sa.Column(OWNER, sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False)


def _text(name: str, *, nullable: bool = False, **settings: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable, **settings)


def _one_of(name: str, *values: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{name} IN ({listed})", name)


def _of(table: str, column: str) -> sa.ForeignKeyConstraint:
    """Return the link to another of the owner's rows, with which this row goes, too."""
    return sa.ForeignKeyConstraint(
        [OWNER, column], [f"{table}.{OWNER}", f"{table}.id"], ondelete="CASCADE"
    )


identity: Final = sa.Table("identity", METADATA, _text("id"))
"""The memory's own name, under which a store of files that others use too keeps its files."""

users: Final = sa.Table("users", METADATA, _text("id", primary_key=True), _text("created_at"))

concepts: Final = sa.Table(
    "concepts",
    METADATA,
    _number(),
    _text("id"),
    _owner(),
    _text("kind", nullable=True),
    _text("state"),
    _text("tokens_sha256", nullable=True),
    _text("base_fingerprint", nullable=True),
    _text("learned_at", nullable=True),
    sa.Column("consent", sa.Boolean, nullable=False),
    _text("created_at"),
    _text("updated_at"),
    sa.UniqueConstraint(OWNER, "id"),
    _one_of("state", "new", "learning", "ready", "failed"),
    sqlite_autoincrement=True,
)

concept_names: Final = sa.Table(
    "concept_names",
    METADATA,
    _owner(),
    _text("name_key"),
    _text("concept_id"),
    _text("name"),
    sa.Column("is_main", sa.Boolean, nullable=False),
    sa.PrimaryKeyConstraint(OWNER, "name_key"),
    _of("concepts", "concept_id"),
    sa.Index(None, OWNER, "concept_id"),
)
"""What a concept is called; one of its names is the main one."""

earlier_tokens: Final = sa.Table(
    "earlier_tokens",
    METADATA,
    _number(),
    _owner(),
    _text("concept_id"),
    _text("sha256"),
    _text("base_fingerprint"),
    _text("created_at"),
    _of("concepts", "concept_id"),
    sa.Index(None, OWNER, "concept_id"),
    sa.Index(None, OWNER, "sha256"),
    sqlite_autoincrement=True,
)
"""Tokens of earlier lessons, to go back to."""

facts: Final = sa.Table(
    "facts",
    METADATA,
    _number(),
    _text("id"),
    _owner(),
    _text("concept_id", nullable=True),
    _text("attribute"),
    _text("attribute_key"),
    _text("value"),
    _text("source"),
    _text("origin"),
    _text("created_at"),
    _text("replaces", nullable=True),
    _text("retired_at", nullable=True),
    _text("encoder", nullable=True),
    sa.UniqueConstraint(OWNER, "id"),
    _of("concepts", "concept_id"),
    sa.ForeignKeyConstraint([OWNER, "replaces"], [f"facts.{OWNER}", "facts.id"]),
    _one_of("source", "said", "photo", "tokens"),
    sa.Index(None, OWNER, "concept_id", "attribute_key"),
    sa.Index(None, OWNER, "attribute_key"),
    sa.Index(None, OWNER, "replaces"),
    sa.Index(None, OWNER, "encoder"),
    sqlite_autoincrement=True,
)
"""What is known; `origin` is the turn or lesson that it came from, `encoder` made its vector."""

fact_vectors: Final = sa.Table(
    "fact_vectors",
    METADATA,
    _number(),
    _owner(),
    _text("encoder"),
    _text("fact_id"),
    sa.Column("vector", _VECTOR, nullable=False),
    sa.UniqueConstraint(OWNER, "encoder", "fact_id"),
    _of("facts", "fact_id"),
    sa.Index(None, OWNER, "encoder", "number"),
    sa.Index(None, OWNER, "fact_id"),
    sqlite_autoincrement=True,
)

indexes: Final = sa.Table(
    "indexes",
    METADATA,
    _owner(),
    _text("encoder"),
    _text("folder"),
    sa.Column("last_number", sa.BigInteger, nullable=False),
    _text("stale_since", nullable=True),
    sa.PrimaryKeyConstraint(OWNER, "encoder"),
)
"""How far a user's search index follows the vectors, and since when it holds forgotten ones."""

pictures: Final = sa.Table(
    "pictures",
    METADATA,
    _number(),
    _text("id"),
    _owner(),
    _text("sha256"),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    _text("origin"),
    _text("thread_id", nullable=True),
    _text("turn_id", nullable=True),
    _text("parent_id", nullable=True),
    _text("family_id"),
    sa.Column("details", sa.JSON, nullable=False),
    _text("folded"),
    _text("created_at"),
    sa.UniqueConstraint(OWNER, "id"),
    _one_of("origin", "uploaded", "drawn", "edited", "sample"),
    sa.Index(None, OWNER, "thread_id", "number"),
    sa.Index(None, OWNER, "sha256"),
    sa.Index(None, OWNER, "family_id"),
    sa.Index(None, OWNER, "turn_id"),
    sqlite_autoincrement=True,
)
"""Pictures; those edited from one another are a family, named after the first of them."""


def _pictures_of_concepts(name: str) -> sa.Table:
    return sa.Table(
        name,
        METADATA,
        _owner(),
        _text("concept_id"),
        _text("picture_id"),
        sa.PrimaryKeyConstraint(OWNER, "concept_id", "picture_id"),
        _of("concepts", "concept_id"),
        _of("pictures", "picture_id"),
        sa.Index(None, OWNER, "picture_id"),
    )


concept_photos: Final = _pictures_of_concepts("concept_photos")
"""What a concept is learned from."""

picture_concepts: Final = _pictures_of_concepts("picture_concepts")
"""Which concepts a picture was drawn of."""

threads: Final = sa.Table(
    "threads",
    METADATA,
    _owner(),
    _text("id"),
    _text("name"),
    _text("folded"),
    sa.Column("metadata", sa.JSON, nullable=False),
    _text("created_at"),
    _text("updated_at"),
    sa.PrimaryKeyConstraint(OWNER, "id"),
    sa.Index(None, OWNER, "updated_at", "id"),
)
"""Conversations; equal ids of two users are two conversations."""

steps: Final = sa.Table(
    "steps",
    METADATA,
    _number(),
    _owner(),
    _text("id"),
    _text("thread_id"),
    _text("turn_id", nullable=True),
    sa.Column("data", sa.JSON, nullable=False),
    _text("folded"),
    sa.UniqueConstraint(OWNER, "id"),
    _of("threads", "thread_id"),
    sa.Index(None, OWNER, "thread_id", "number"),
    sa.Index(None, OWNER, "turn_id"),
    sqlite_autoincrement=True,
)
"""What was said and done in a conversation, as the page shows it; `folded` is searched."""

elements: Final = sa.Table(
    "elements",
    METADATA,
    _number(),
    _owner(),
    _text("id"),
    _text("thread_id"),
    _text("step_id"),
    _text("picture_id", nullable=True),
    sa.Column("data", sa.JSON, nullable=False),
    sa.UniqueConstraint(OWNER, "id"),
    _of("threads", "thread_id"),
    _of("pictures", "picture_id"),
    sa.Index(None, OWNER, "thread_id", "number"),
    sa.Index(None, OWNER, "step_id"),
    sa.Index(None, OWNER, "picture_id"),
    sqlite_autoincrement=True,
)
"""What is shown with a step; a picture is one of the owner's."""

turns: Final = sa.Table(
    "turns",
    METADATA,
    _owner(),
    _text("id"),
    _text("thread_id"),
    _text("state"),
    _text("started_at"),
    _text("seen_at"),
    sa.PrimaryKeyConstraint(OWNER, "id"),
    _one_of("state", "running", "waiting", "ended"),
    sa.Index(None, OWNER, "thread_id"),
)
"""Turns that are under way; `seen_at` is when their process last said so."""

turn_facts: Final = sa.Table(
    "turn_facts",
    METADATA,
    _owner(),
    _text("fact_id"),
    _text("turn_id"),
    sa.PrimaryKeyConstraint(OWNER, "fact_id", "turn_id"),
    _of("facts", "fact_id"),
)
"""Which facts a turn stated or used: where its words repeat them."""

questions: Final = sa.Table(
    "questions",
    METADATA,
    _owner(),
    _text("thread_id"),
    _text("kind"),
    sa.Column("draft", sa.JSON, nullable=False),
    _text("asked_at"),
    sa.PrimaryKeyConstraint(OWNER, "thread_id"),
)
"""The question that a conversation waits on, with what its turn had found out."""

jobs: Final = sa.Table(
    "jobs",
    METADATA,
    _number(),
    _text("id"),
    _owner(),
    _text("concept_id", nullable=True),
    _text("kind"),
    _text("state"),
    sa.Column("step", sa.Integer, nullable=False),
    _text("saved_sha256", nullable=True),
    _text("error", nullable=True),
    _text("leased_by", nullable=True),
    _text("leased_until", nullable=True),
    _text("created_at"),
    _text("updated_at"),
    sa.UniqueConstraint(OWNER, "id"),
    _of("concepts", "concept_id"),
    _one_of("kind", "lesson", "import"),
    _one_of("state", "waiting", "running", "done", "failed", "cancelled"),
    sa.Index(None, OWNER, "concept_id"),
    sa.Index(None, "state", "number"),
    sqlite_autoincrement=True,
)
"""Long work; whoever leases one goes on from its saved step."""

logins: Final = sa.Table(
    "logins",
    METADATA,
    _owner(),
    _text("hash"),
    _text("changed_at"),
    sa.PrimaryKeyConstraint(OWNER),
)

sessions: Final = sa.Table(
    "sessions",
    METADATA,
    _text("id", primary_key=True),
    _owner(),
    _text("created_at"),
    _text("seen_at"),
    _text("expires_at"),
    _text("revoked_at", nullable=True),
    sa.Index(None, OWNER),
)
"""Who is logged in; the id is a hash of what the browser shows."""

keys: Final = sa.Table(
    "keys",
    METADATA,
    _text("hash", primary_key=True),
    _owner(),
    _text("name"),
    _text("created_at"),
    _text("expires_at", nullable=True),
    sa.UniqueConstraint(OWNER, "name"),
)
"""By what programs come in."""

revocations: Final = sa.Table(
    "revocations",
    METADATA,
    _owner(),
    _text("before"),
    sa.PrimaryKeyConstraint(OWNER),
)
"""Since when a user's signed tokens count; older ones are void."""

redactions: Final = sa.Table(
    "redactions",
    METADATA,
    _number(),
    _owner(),
    sa.Column("words", sa.JSON, nullable=False),
    sa.Column("turns", sa.JSON(none_as_null=True), nullable=True),
    sqlite_autoincrement=True,
)
"""Words that a user's conversations are still to lose, in some turns or everywhere."""

tombstones: Final = sa.Table(
    "tombstones", METADATA, _text("digest", primary_key=True), _text("buried_at")
)
"""Keyed hashes of the ids of what was forgotten; names and words are not in them."""

quarantine: Final = sa.Table(
    "quarantine", METADATA, _text("path", primary_key=True), _text("found_at")
)
"""Files that no record names, and since when."""
