"""Keep beside the name of a batch's file the one that takes its place once the file no longer waits.

Revision 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("batch_file", sa.Column("shown", sa.String(1000), nullable=True))


def downgrade() -> None:
    op.drop_column("batch_file", "shown")
