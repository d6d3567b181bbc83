"""All tables, the names of the states, and the first generation of the configuration.

Until the first release this one script makes whatever `gateway.store.schema` says, so that the schema can still be
changed in one place. At the release it is replaced by explicit operations, and from then on every change is a script
of its own; `tests/conformance/test_migrate.py` compares the migrated database with the schema either way.
"""

import enum

import sqlalchemy as sa
from alembic import op

from gateway.lifecycle import DeliveryState, UploadState
from gateway.store import schema

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and fill the lookup tables."""
    schema.metadata.create_all(op.get_bind(), checkfirst=False)
    op.bulk_insert(schema.upload_state, _lines(UploadState))
    op.bulk_insert(schema.delivery_state, _lines(DeliveryState))
    op.execute(sa.insert(schema.generation).values(id=1, config=0))


def downgrade() -> None:
    """Going back is restoring a backup."""
    raise NotImplementedError


def _lines(states: type[enum.IntEnum]) -> list[dict[str, object]]:
    return [{"number": int(state), "name": state.name.lower()} for state in states]
