"""All tables; what the first edition kept is carried over."""

from alembic import context, op

from omnipersona.store import first_edition
from omnipersona.store.schema import METADATA

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of version 0.2, and fill them from those of 0.1."""
    connection, given = op.get_bind(), context.config.attributes
    is_old = first_edition.put_aside(connection)
    METADATA.create_all(connection)
    if is_old:
        first_edition.carry_over(connection, given["folder"], given["shown"])
        first_edition.drop_or_copy(connection)
