"""Keep with a version of a transcript what people set its utterances to do.

Revision 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    words = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
    op.add_column("transcript_version", sa.Column("acts", words, nullable=True))


def downgrade() -> None:
    op.drop_column("transcript_version", "acts")
