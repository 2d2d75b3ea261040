"""Keep with a batch the meetings that it passed over and the files and lines that belong to no meeting.

Revision 0005, after 0004. Of earlier batches neither is known.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for name in ("inspected", "unmatched"):
        kind = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
        op.add_column("batch", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for name in ("unmatched", "inspected"):
        op.drop_column("batch", name)
