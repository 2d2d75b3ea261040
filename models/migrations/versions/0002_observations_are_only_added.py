"""Refuse changes to observations: a correction is a new row with a higher revision.

Revision 0002, after 0001.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

REFUSAL = "observations are only added: write a higher revision"


def upgrade() -> None:
    """One trigger a verb on SQLite; one function for both on PostgreSQL."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER observation_no_{verb.lower()} BEFORE {verb} ON observation "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_observation_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER observation_only_added BEFORE UPDATE OR DELETE ON observation "
        "FOR EACH ROW EXECUTE FUNCTION refuse_observation_change()"
    )
