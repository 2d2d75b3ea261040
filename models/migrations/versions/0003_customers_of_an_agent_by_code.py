"""Find the customers of agents in the order of their codes, which is the order of lists, by the index alone.

Revision 0003, after 0002.
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """The new index begins with the agent, as the one that it replaces."""
    op.create_index("ix_customer_agent_id_code", "customer", ["agent_id", "code"])
    op.drop_index("ix_customer_agent_id", "customer")


def downgrade() -> None:
    op.create_index("ix_customer_agent_id", "customer", ["agent_id"])
    op.drop_index("ix_customer_agent_id_code", "customer")
