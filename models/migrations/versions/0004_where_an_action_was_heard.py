"""Where the machine heard an action, in which words, and how surely it is one.

Revision 0004, after 0003. Of what was heard before it stays unknown until the meeting is inspected again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("action_item", sa.Column("start", sa.Float(), nullable=True))
    op.add_column("action_item", sa.Column("end", sa.Float(), nullable=True))
    op.add_column("action_item", sa.Column("quote", sa.Text(), nullable=True))
    op.add_column("action_item", sa.Column("confidence", sa.Float(), nullable=True))


def downgrade() -> None:
    for name in ("confidence", "quote", "end", "start"):
        op.drop_column("action_item", name)
