"""All tables; what the first edition kept is carried over.

The tables stand here as they were at this step, whatever `schema.py` says later.
"""

import sqlalchemy as sa
from alembic import context, op

from omnipersona.store import first_edition
from omnipersona.store.schema import Vector

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_VECTOR = sa.LargeBinary().with_variant(Vector(), "postgresql")


def upgrade() -> None:
    """Make the tables of version 0.2, and fill them from those of 0.1."""
    connection, given = op.get_bind(), context.config.attributes
    is_old = first_edition.put_aside(connection)
    _make_tables()
    if is_old:
        first_edition.carry_over(connection, given["folder"], given["shown"])
        first_edition.drop_or_copy(connection)


def _make_tables() -> None:
    op.create_table("identity", sa.Column("id", sa.Text(), nullable=False))
    op.create_table(
        "quarantine",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("found_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_quarantine")),
    )
    op.create_table(
        "tombstones",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("buried_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_tombstones")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    op.create_table(
        "concepts",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tokens_sha256", sa.Text(), nullable=True),
        sa.Column("base_fingerprint", sa.Text(), nullable=True),
        sa.Column("learned_at", sa.Text(), nullable=True),
        sa.Column("consent", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('new', 'learning', 'ready', 'failed')", name=op.f("ck_concepts_state")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_concepts_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_concepts")),
        sa.UniqueConstraint("user_id", "id", name=op.f("uq_concepts_user_id_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "indexes",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("encoder", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.Column("stale_since", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_indexes_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "encoder", name=op.f("pk_indexes")),
    )
    op.create_table(
        "keys",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_keys_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_keys")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_keys_user_id_name")),
    )
    op.create_table(
        "logins",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_logins_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_logins")),
    )
    op.create_table(
        "pictures",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("thread_id", sa.Text(), nullable=True),
        sa.Column("turn_id", sa.Text(), nullable=True),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("family_id", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "origin IN ('uploaded', 'drawn', 'edited', 'sample')", name=op.f("ck_pictures_origin")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_pictures_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_pictures")),
        sa.UniqueConstraint("user_id", "id", name=op.f("uq_pictures_user_id_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_pictures_user_id_family_id"), "pictures", ["user_id", "family_id"], unique=False
    )
    op.create_index(
        op.f("ix_pictures_user_id_sha256"), "pictures", ["user_id", "sha256"], unique=False
    )
    op.create_index(
        op.f("ix_pictures_user_id_thread_id_number"),
        "pictures",
        ["user_id", "thread_id", "number"],
        unique=False,
    )
    op.create_index(
        op.f("ix_pictures_user_id_turn_id"), "pictures", ["user_id", "turn_id"], unique=False
    )
    op.create_table(
        "questions",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("thread_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("draft", sa.JSON(), nullable=False),
        sa.Column("asked_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_questions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "thread_id", name=op.f("pk_questions")),
    )
    op.create_table(
        "redactions",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("turns", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_redactions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_redactions")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "revocations",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_revocations_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_revocations")),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sessions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)
    op.create_table(
        "threads",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_threads_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_threads")),
    )
    op.create_index(
        op.f("ix_threads_user_id_updated_at_id"),
        "threads",
        ["user_id", "updated_at", "id"],
        unique=False,
    )
    op.create_table(
        "turns",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("thread_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('running', 'waiting', 'ended')", name=op.f("ck_turns_state")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_turns_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_turns")),
    )
    op.create_index(
        op.f("ix_turns_user_id_thread_id"), "turns", ["user_id", "thread_id"], unique=False
    )
    op.create_table(
        "concept_names",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("concept_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_main", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "concept_id"],
            ["concepts.user_id", "concepts.id"],
            name=op.f("fk_concept_names_user_id_concept_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_concept_names_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "name_key", name=op.f("pk_concept_names")),
    )
    op.create_index(
        op.f("ix_concept_names_user_id_concept_id"),
        "concept_names",
        ["user_id", "concept_id"],
        unique=False,
    )
    op.create_table(
        "concept_photos",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("concept_id", sa.Text(), nullable=False),
        sa.Column("picture_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "concept_id"],
            ["concepts.user_id", "concepts.id"],
            name=op.f("fk_concept_photos_user_id_concept_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "picture_id"],
            ["pictures.user_id", "pictures.id"],
            name=op.f("fk_concept_photos_user_id_picture_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_concept_photos_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "user_id", "concept_id", "picture_id", name=op.f("pk_concept_photos")
        ),
    )
    op.create_index(
        op.f("ix_concept_photos_user_id_picture_id"),
        "concept_photos",
        ["user_id", "picture_id"],
        unique=False,
    )
    op.create_table(
        "earlier_tokens",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("concept_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("base_fingerprint", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "concept_id"],
            ["concepts.user_id", "concepts.id"],
            name=op.f("fk_earlier_tokens_user_id_concept_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_earlier_tokens_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_earlier_tokens")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_earlier_tokens_user_id_concept_id"),
        "earlier_tokens",
        ["user_id", "concept_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_earlier_tokens_user_id_sha256"),
        "earlier_tokens",
        ["user_id", "sha256"],
        unique=False,
    )
    op.create_table(
        "elements",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("thread_id", sa.Text(), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=False),
        sa.Column("picture_id", sa.Text(), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "picture_id"],
            ["pictures.user_id", "pictures.id"],
            name=op.f("fk_elements_user_id_picture_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "thread_id"],
            ["threads.user_id", "threads.id"],
            name=op.f("fk_elements_user_id_thread_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_elements_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_elements")),
        sa.UniqueConstraint("user_id", "id", name=op.f("uq_elements_user_id_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_elements_user_id_picture_id"), "elements", ["user_id", "picture_id"], unique=False
    )
    op.create_index(
        op.f("ix_elements_user_id_step_id"), "elements", ["user_id", "step_id"], unique=False
    )
    op.create_index(
        op.f("ix_elements_user_id_thread_id_number"),
        "elements",
        ["user_id", "thread_id", "number"],
        unique=False,
    )
    op.create_table(
        "facts",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("concept_id", sa.Text(), nullable=True),
        sa.Column("attribute", sa.Text(), nullable=False),
        sa.Column("attribute_key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("replaces", sa.Text(), nullable=True),
        sa.Column("retired_at", sa.Text(), nullable=True),
        sa.Column("encoder", sa.Text(), nullable=True),
        sa.CheckConstraint("source IN ('said', 'photo', 'tokens')", name=op.f("ck_facts_source")),
        sa.ForeignKeyConstraint(
            ["user_id", "concept_id"],
            ["concepts.user_id", "concepts.id"],
            name=op.f("fk_facts_user_id_concept_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "replaces"],
            ["facts.user_id", "facts.id"],
            name=op.f("fk_facts_user_id_replaces"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_facts_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_facts")),
        sa.UniqueConstraint("user_id", "id", name=op.f("uq_facts_user_id_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_facts_user_id_attribute_key"), "facts", ["user_id", "attribute_key"], unique=False
    )
    op.create_index(
        op.f("ix_facts_user_id_concept_id_attribute_key"),
        "facts",
        ["user_id", "concept_id", "attribute_key"],
        unique=False,
    )
    op.create_index(op.f("ix_facts_user_id_encoder"), "facts", ["user_id", "encoder"], unique=False)
    op.create_index(
        op.f("ix_facts_user_id_replaces"), "facts", ["user_id", "replaces"], unique=False
    )
    op.create_table(
        "jobs",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("concept_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("saved_sha256", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("leased_by", sa.Text(), nullable=True),
        sa.Column("leased_until", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('lesson', 'import')", name=op.f("ck_jobs_kind")),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed', 'cancelled')",
            name=op.f("ck_jobs_state"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "concept_id"],
            ["concepts.user_id", "concepts.id"],
            name=op.f("fk_jobs_user_id_concept_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_jobs_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_jobs")),
        sa.UniqueConstraint("user_id", "id", name=op.f("uq_jobs_user_id_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_jobs_state_number"), "jobs", ["state", "number"], unique=False)
    op.create_index(
        op.f("ix_jobs_user_id_concept_id"), "jobs", ["user_id", "concept_id"], unique=False
    )
    op.create_table(
        "picture_concepts",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("concept_id", sa.Text(), nullable=False),
        sa.Column("picture_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "concept_id"],
            ["concepts.user_id", "concepts.id"],
            name=op.f("fk_picture_concepts_user_id_concept_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "picture_id"],
            ["pictures.user_id", "pictures.id"],
            name=op.f("fk_picture_concepts_user_id_picture_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_picture_concepts_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "user_id", "concept_id", "picture_id", name=op.f("pk_picture_concepts")
        ),
    )
    op.create_index(
        op.f("ix_picture_concepts_user_id_picture_id"),
        "picture_concepts",
        ["user_id", "picture_id"],
        unique=False,
    )
    op.create_table(
        "steps",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("thread_id", sa.Text(), nullable=False),
        sa.Column("turn_id", sa.Text(), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "thread_id"],
            ["threads.user_id", "threads.id"],
            name=op.f("fk_steps_user_id_thread_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_steps_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_steps")),
        sa.UniqueConstraint("user_id", "id", name=op.f("uq_steps_user_id_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_steps_user_id_thread_id_number"),
        "steps",
        ["user_id", "thread_id", "number"],
        unique=False,
    )
    op.create_index(op.f("ix_steps_user_id_turn_id"), "steps", ["user_id", "turn_id"], unique=False)
    op.create_table(
        "fact_vectors",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("encoder", sa.Text(), nullable=False),
        sa.Column("fact_id", sa.Text(), nullable=False),
        sa.Column("vector", _VECTOR, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "fact_id"],
            ["facts.user_id", "facts.id"],
            name=op.f("fk_fact_vectors_user_id_fact_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_fact_vectors_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_fact_vectors")),
        sa.UniqueConstraint(
            "user_id", "encoder", "fact_id", name=op.f("uq_fact_vectors_user_id_encoder_fact_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_fact_vectors_user_id_encoder_number"),
        "fact_vectors",
        ["user_id", "encoder", "number"],
        unique=False,
    )
    op.create_index(
        op.f("ix_fact_vectors_user_id_fact_id"),
        "fact_vectors",
        ["user_id", "fact_id"],
        unique=False,
    )
    op.create_table(
        "turn_facts",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("fact_id", sa.Text(), nullable=False),
        sa.Column("turn_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "fact_id"],
            ["facts.user_id", "facts.id"],
            name=op.f("fk_turn_facts_user_id_fact_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_turn_facts_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "fact_id", "turn_id", name=op.f("pk_turn_facts")),
    )
