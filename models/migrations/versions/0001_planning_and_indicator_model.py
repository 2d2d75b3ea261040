"""Create the planning and indicator model.

Revision 0001.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ONE_SCOPE = (
    "(CASE WHEN institution_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN office_id IS NULL THEN 0 ELSE 1 END)"
    " + (CASE WHEN person_id IS NULL THEN 0 ELSE 1 END) = 1"
)


def upgrade() -> None:
    """All tables, in the order their foreign keys need."""
    op.create_table(
        "calendar_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "holiday",
                "lieu_workday",
                name="special_day",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_day")),
    )
    op.create_table(
        "calendar_year",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.String(length=128), nullable=False),
        sa.CheckConstraint("year BETWEEN 2000 AND 2100", name=op.f("ck_calendar_year_year")),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_year")),
    )
    op.create_table(
        "indicator",
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column(
            "direction",
            sa.Enum(
                "higher", "lower", name="direction", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "aspect",
            sa.Enum("result", "process", name="aspect", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("formula", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_indicator_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_indicator")),
        sa.UniqueConstraint("code", "version", name=op.f("uq_indicator_code_version")),
    )
    op.create_table(
        "institution",
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("parent_id", KEY, nullable=True),
        sa.Column("path", sa.String(length=128), nullable=False),
        sa.Column("must_hold", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("(level = 1) = (parent_id IS NULL)", name=op.f("ck_institution_root")),
        sa.CheckConstraint("NOT must_hold OR level = 4", name=op.f("ck_institution_must_hold")),
        sa.CheckConstraint("level BETWEEN 1 AND 4", name=op.f("ck_institution_level")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_institution_dated")),
        sa.ForeignKeyConstraint(["parent_id"], ["institution.id"], name=op.f("fk_institution_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_institution")),
        sa.UniqueConstraint("code", name=op.f("uq_institution_code")),
    )
    with op.batch_alter_table("institution", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_institution_parent_id"), ["parent_id"], unique=False)
        batch_op.create_index(
            "ix_institution_path", ["path"], unique=False, postgresql_ops={"path": "text_pattern_ops"}
        )

    op.create_table(
        "person",
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "agent", "staff", name="person_kind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("joined_on", sa.Date(), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("upline_id", KEY, nullable=True),
        sa.Column("phone", sa.String(length=32), nullable=True),
        sa.CheckConstraint("left_on IS NULL OR left_on >= joined_on", name=op.f("ck_person_left")),
        sa.CheckConstraint("upline_id IS NULL OR upline_id <> id", name=op.f("ck_person_upline")),
        sa.ForeignKeyConstraint(["upline_id"], ["person.id"], name=op.f("fk_person_upline_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("code", name=op.f("uq_person_code")),
    )
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_person_upline_id"), ["upline_id"], unique=False)

    op.create_table(
        "rank",
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("rank_order", sa.Integer(), nullable=False),
        sa.Column("is_supervisor", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rank")),
        sa.UniqueConstraint("code", name=op.f("uq_rank_code")),
        sa.UniqueConstraint("rank_order", name=op.f("uq_rank_rank_order")),
    )
    op.create_table(
        "customer",
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("agent_id", KEY, nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "warm",
                "referral",
                "event",
                "other",
                name="customer_source",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("phone", sa.String(length=32), nullable=True),
        sa.Column("known_since", sa.Date(), nullable=False),
        sa.Column("do_not_contact", sa.Boolean(), nullable=False),
        sa.Column("complaint_open", sa.Boolean(), nullable=False),
        sa.Column("has_gap", sa.Boolean(), nullable=True),
        sa.Column("renewal_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["person.id"], name=op.f("fk_customer_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        sa.UniqueConstraint("code", name=op.f("uq_customer_code")),
    )
    with op.batch_alter_table("customer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_customer_agent_id"), ["agent_id"], unique=False)

    op.create_table(
        "focus_supervisor",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("reason", sa.String(length=128), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_focus_supervisor_dated")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_focus_supervisor_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_focus_supervisor")),
        sa.UniqueConstraint("person_id", "valid_from", name=op.f("uq_focus_supervisor_person_id_valid_from")),
    )
    with op.batch_alter_table("focus_supervisor", schema=None) as batch_op:
        batch_op.create_index(
            "uq_focus_supervisor_open",
            ["person_id"],
            unique=True,
            sqlite_where=sa.text("valid_to IS NULL"),
            postgresql_where=sa.text("valid_to IS NULL"),
        )

    op.create_table(
        "income_target",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("income", sa.BigInteger(), nullable=False),
        sa.Column("rank_id", KEY, nullable=False),
        sa.Column("team_base", sa.BigInteger(), nullable=False),
        sa.Column("market_factor", sa.BigInteger(), nullable=False),
        sa.Column("own_fyc", sa.BigInteger(), nullable=False),
        sa.Column("recruiting_allowance", sa.BigInteger(), nullable=False),
        sa.Column("bonus", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("income > 0", name=op.f("ck_income_target_income")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_income_target_person_id")),
        sa.ForeignKeyConstraint(["rank_id"], ["rank.id"], name=op.f("fk_income_target_rank_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_income_target")),
        sa.UniqueConstraint("person_id", "month", name=op.f("uq_income_target_person_id_month")),
    )
    op.create_table(
        "institution_manager",
        sa.Column("id", KEY, nullable=False),
        sa.Column("institution_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "admin_manager",
                "deputy",
                name="manager_role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_institution_manager_dated")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_institution_manager_institution_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_institution_manager_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_institution_manager")),
        sa.UniqueConstraint(
            "institution_id",
            "person_id",
            "role",
            "valid_from",
            name=op.f("uq_institution_manager_institution_id_person_id_role_valid_from"),
        ),
    )
    with op.batch_alter_table("institution_manager", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_institution_manager_person_id"), ["person_id"], unique=False)
        batch_op.create_index(
            "uq_institution_manager_open",
            ["institution_id"],
            unique=True,
            sqlite_where=sa.text("valid_to IS NULL AND role = 'admin_manager'"),
            postgresql_where=sa.text("valid_to IS NULL AND role = 'admin_manager'"),
        )

    op.create_table(
        "meeting_slot",
        sa.Column("id", KEY, nullable=False),
        sa.Column("institution_id", KEY, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column(
            "name",
            sa.Enum(
                "W1", "W2", "W3", "MP", name="slot_name", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "weekly_review",
                "monthly_planning",
                name="meeting_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "theme",
            sa.Enum(
                "supervisor_lead",
                "supervisor_coaching",
                "recruitment_review",
                "month_end_sprint",
                name="theme",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("earliest", sa.Date(), nullable=True),
        sa.Column("latest", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "(earliest IS NULL) = (latest IS NULL)", name=op.f("ck_meeting_slot_window_known")
        ),
        sa.CheckConstraint("earliest <= latest", name=op.f("ck_meeting_slot_window_order")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_meeting_slot_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_slot")),
        sa.UniqueConstraint(
            "institution_id", "month", "name", name=op.f("uq_meeting_slot_institution_id_month_name")
        ),
    )
    with op.batch_alter_table("meeting_slot", schema=None) as batch_op:
        batch_op.create_index("ix_meeting_slot_month", ["month", "name"], unique=False)

    op.create_table(
        "parameter",
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("institution_id", KEY, nullable=True),
        sa.Column("rank_id", KEY, nullable=True),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(length=128), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "CASE code WHEN 'buffer_rate' THEN value BETWEEN 0000000 AND 1000000 WHEN 'temperature_half_life_days' THEN value BETWEEN 1000000 AND 3650000000 WHEN 'ct_window_months' THEN value BETWEEN 1000000 AND 60000000 WHEN 'anomaly.months' THEN value BETWEEN 1000000 AND 24000000 WHEN 'anomaly.min_offices' THEN value BETWEEN 2000000 AND 1000000000 ELSE value >= 0 END",
            name=op.f("ck_parameter_bounds"),
        ),
        sa.CheckConstraint("institution_id IS NULL OR rank_id IS NULL", name=op.f("ck_parameter_one_kind")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_parameter_dated")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_parameter_institution_id")
        ),
        sa.ForeignKeyConstraint(["rank_id"], ["rank.id"], name=op.f("fk_parameter_rank_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parameter")),
    )
    with op.batch_alter_table("parameter", schema=None) as batch_op:
        batch_op.create_index(
            "uq_parameter_general",
            ["code", "valid_from"],
            unique=True,
            sqlite_where=sa.text("institution_id IS NULL AND rank_id IS NULL"),
            postgresql_where=sa.text("institution_id IS NULL AND rank_id IS NULL"),
        )
        batch_op.create_index(
            "uq_parameter_institution",
            ["code", "institution_id", "valid_from"],
            unique=True,
            sqlite_where=sa.text("institution_id IS NOT NULL"),
            postgresql_where=sa.text("institution_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_parameter_rank",
            ["code", "rank_id", "valid_from"],
            unique=True,
            sqlite_where=sa.text("rank_id IS NOT NULL"),
            postgresql_where=sa.text("rank_id IS NOT NULL"),
        )

    op.create_table(
        "plan",
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("institution_id", KEY, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("buffer_rate", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "submitted",
                "approved",
                "rejected",
                "superseded",
                name="plan_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.CheckConstraint("buffer_rate >= 0", name=op.f("ck_plan_buffer")),
        sa.ForeignKeyConstraint(["institution_id"], ["institution.id"], name=op.f("fk_plan_institution_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        sa.UniqueConstraint("code", name=op.f("uq_plan_code")),
    )
    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_plan_institution_id"), ["institution_id"], unique=False)
        batch_op.create_index(
            "uq_plan_approved",
            ["institution_id", "month"],
            unique=True,
            sqlite_where=sa.text("state = 'approved'"),
            postgresql_where=sa.text("state = 'approved'"),
        )

    op.create_table(
        "sales_office",
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("institution_id", KEY, nullable=False),
        sa.Column("market_factor", sa.BigInteger(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("market_factor > 0", name=op.f("ck_sales_office_market")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_sales_office_dated")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_sales_office_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sales_office")),
        sa.UniqueConstraint("code", name=op.f("uq_sales_office_code")),
    )
    with op.batch_alter_table("sales_office", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sales_office_institution_id"), ["institution_id"], unique=False)

    op.create_table(
        "toolbox_value",
        sa.Column("id", KEY, nullable=False),
        sa.Column(
            "table_name",
            sa.Enum(
                "tier_productivity",
                "premium_per_customer",
                "platform_conversion",
                name="toolbox_table",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("institution_id", KEY, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.Column("sample_size", sa.Integer(), nullable=True),
        sa.Column("period_from", sa.Date(), nullable=True),
        sa.Column("period_to", sa.Date(), nullable=True),
        sa.Column("is_override", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=128), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "is_override AND value IS NOT NULL OR sample_size IS NOT NULL AND period_from IS NOT NULL AND period_to IS NOT NULL",
            name=op.f("ck_toolbox_value_origin"),
        ),
        sa.CheckConstraint("period_to > period_from", name=op.f("ck_toolbox_value_period")),
        sa.CheckConstraint("sample_size >= 0", name=op.f("ck_toolbox_value_sample")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_toolbox_value_dated")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_toolbox_value_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_toolbox_value")),
        sa.UniqueConstraint(
            "institution_id",
            "table_name",
            "key",
            "valid_from",
            "is_override",
            name=op.f("uq_toolbox_value_institution_id_table_name_key_valid_from_is_override"),
        ),
    )
    with op.batch_alter_table("toolbox_value", schema=None) as batch_op:
        batch_op.create_index(
            "uq_toolbox_value_open_override",
            ["institution_id", "table_name", "key"],
            unique=True,
            sqlite_where=sa.text("is_override AND valid_to IS NULL"),
            postgresql_where=sa.text("is_override AND valid_to IS NULL"),
        )

    op.create_table(
        "weekly_volume",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("week_ends", sa.Date(), nullable=False),
        sa.Column("plan_planned", sa.Integer(), nullable=True),
        sa.Column("plan_done", sa.Integer(), nullable=True),
        sa.Column("visit_planned", sa.Integer(), nullable=True),
        sa.Column("visit_done", sa.Integer(), nullable=True),
        sa.Column("close_planned", sa.Integer(), nullable=True),
        sa.Column("close_done", sa.Integer(), nullable=True),
        sa.Column("warm_planned", sa.Integer(), nullable=True),
        sa.Column("warm_done", sa.Integer(), nullable=True),
        sa.Column("referral_planned", sa.Integer(), nullable=True),
        sa.Column("referral_done", sa.Integer(), nullable=True),
        sa.CheckConstraint("close_done >= 0", name=op.f("ck_weekly_volume_close_done")),
        sa.CheckConstraint("close_planned >= 0", name=op.f("ck_weekly_volume_close_planned")),
        sa.CheckConstraint("plan_done >= 0", name=op.f("ck_weekly_volume_plan_done")),
        sa.CheckConstraint("plan_planned >= 0", name=op.f("ck_weekly_volume_plan_planned")),
        sa.CheckConstraint("referral_done >= 0", name=op.f("ck_weekly_volume_referral_done")),
        sa.CheckConstraint("referral_planned >= 0", name=op.f("ck_weekly_volume_referral_planned")),
        sa.CheckConstraint("visit_done >= 0", name=op.f("ck_weekly_volume_visit_done")),
        sa.CheckConstraint("visit_planned >= 0", name=op.f("ck_weekly_volume_visit_planned")),
        sa.CheckConstraint("warm_done >= 0", name=op.f("ck_weekly_volume_warm_done")),
        sa.CheckConstraint("warm_planned >= 0", name=op.f("ck_weekly_volume_warm_planned")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_weekly_volume_person_id")),
        sa.PrimaryKeyConstraint("person_id", "week_ends", name=op.f("pk_weekly_volume")),
    )
    with op.batch_alter_table("weekly_volume", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_weekly_volume_week_ends"), ["week_ends"], unique=False)

    op.create_table(
        "activity_event",
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("institution_id", KEY, nullable=False),
        sa.Column("office_id", KEY, nullable=True),
        sa.Column("owner_id", KEY, nullable=True),
        sa.Column(
            "platform",
            sa.Enum(
                "warmup",
                "high_value",
                "high_potential",
                name="platform",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("audience", sa.Text(), nullable=True),
        sa.Column("goal", sa.Text(), nullable=True),
        sa.Column("preparation", sa.Text(), nullable=True),
        sa.Column("process", sa.Text(), nullable=True),
        sa.Column("feedback", sa.Text(), nullable=True),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.CheckConstraint("ends_at IS NULL OR ends_at > starts_at", name=op.f("ck_activity_event_end")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_activity_event_institution_id")
        ),
        sa.ForeignKeyConstraint(["office_id"], ["sales_office.id"], name=op.f("fk_activity_event_office_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_activity_event_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_event")),
        sa.UniqueConstraint("code", name=op.f("uq_activity_event_code")),
    )
    with op.batch_alter_table("activity_event", schema=None) as batch_op:
        batch_op.create_index(
            "ix_activity_event_institution_id_month", ["institution_id", "month"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_activity_event_office_id"), ["office_id"], unique=False)

    op.create_table(
        "customer_snapshot",
        sa.Column("customer_id", KEY, nullable=False),
        sa.Column("week_ends", sa.Date(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.Column("temperature", sa.BigInteger(), nullable=True),
        sa.Column("potential", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("potential BETWEEN 0 AND 10000", name=op.f("ck_customer_snapshot_potential")),
        sa.CheckConstraint("temperature BETWEEN 0 AND 10000", name=op.f("ck_customer_snapshot_temperature")),
        sa.CheckConstraint("value BETWEEN 0 AND 10000", name=op.f("ck_customer_snapshot_value")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_customer_snapshot_customer_id")
        ),
        sa.PrimaryKeyConstraint("customer_id", "week_ends", name=op.f("pk_customer_snapshot")),
    )
    with op.batch_alter_table("customer_snapshot", schema=None) as batch_op:
        batch_op.create_index("ix_customer_snapshot_week", ["week_ends", "customer_id"], unique=False)

    op.create_table(
        "interaction",
        sa.Column("id", KEY, nullable=False),
        sa.Column("customer_id", KEY, nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "visit",
                "call",
                "message",
                "event",
                "service",
                "referral",
                name="interaction_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_interaction_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interaction")),
        sa.UniqueConstraint(
            "customer_id", "happened_on", "kind", name=op.f("uq_interaction_customer_id_happened_on_kind")
        ),
    )
    op.create_table(
        "inventory_entry",
        sa.Column("customer_id", KEY, nullable=False),
        sa.Column("taken_on", sa.Date(), nullable=False),
        sa.Column(
            "label",
            sa.Enum(
                "regular",
                "warming",
                name="inventory_label",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_inventory_entry_customer_id")
        ),
        sa.PrimaryKeyConstraint("customer_id", "taken_on", name=op.f("pk_inventory_entry")),
    )
    op.create_table(
        "meeting",
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("institution_id", KEY, nullable=False),
        sa.Column("slot_id", KEY, nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "weekly_review",
                "monthly_planning",
                name="meeting_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "planned",
                "held",
                "void",
                name="meeting_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("host_id", KEY, nullable=True),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("goal", sa.Text(), nullable=True),
        sa.Column("flow", sa.Text(), nullable=True),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("ended_at IS NULL OR ended_at > started_at", name=op.f("ck_meeting_end")),
        sa.ForeignKeyConstraint(["host_id"], ["person.id"], name=op.f("fk_meeting_host_id")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_meeting_institution_id")
        ),
        sa.ForeignKeyConstraint(["slot_id"], ["meeting_slot.id"], name=op.f("fk_meeting_slot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting")),
        sa.UniqueConstraint("code", name=op.f("uq_meeting_code")),
    )
    with op.batch_alter_table("meeting", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_meeting_institution_id"), ["institution_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_meeting_slot_id"), ["slot_id"], unique=False)
        batch_op.create_index(
            "uq_meeting_effective",
            ["slot_id"],
            unique=True,
            sqlite_where=sa.text("state <> 'void'"),
            postgresql_where=sa.text("state <> 'void'"),
        )

    op.create_table(
        "observation",
        sa.Column("id", KEY, nullable=False),
        sa.Column("indicator_id", KEY, nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(length=128), nullable=False),
        sa.Column("institution_id", KEY, nullable=True),
        sa.Column("office_id", KEY, nullable=True),
        sa.Column("person_id", KEY, nullable=True),
        sa.CheckConstraint(ONE_SCOPE, name=op.f("ck_observation_scope")),
        sa.CheckConstraint("revision > 0", name=op.f("ck_observation_revision")),
        sa.ForeignKeyConstraint(["indicator_id"], ["indicator.id"], name=op.f("fk_observation_indicator_id")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_observation_institution_id")
        ),
        sa.ForeignKeyConstraint(["office_id"], ["sales_office.id"], name=op.f("fk_observation_office_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_observation_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observation")),
    )
    with op.batch_alter_table("observation", schema=None) as batch_op:
        batch_op.create_index(
            "uq_observation_institution",
            ["institution_id", "indicator_id", "as_of", "revision"],
            unique=True,
            sqlite_where=sa.text("institution_id IS NOT NULL"),
            postgresql_where=sa.text("institution_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_observation_office",
            ["office_id", "indicator_id", "as_of", "revision"],
            unique=True,
            sqlite_where=sa.text("office_id IS NOT NULL"),
            postgresql_where=sa.text("office_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_observation_person",
            ["person_id", "indicator_id", "as_of", "revision"],
            unique=True,
            sqlite_where=sa.text("person_id IS NOT NULL"),
            postgresql_where=sa.text("person_id IS NOT NULL"),
        )

    op.create_table(
        "office_lead",
        sa.Column("id", KEY, nullable=False),
        sa.Column("office_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_office_lead_dated")),
        sa.ForeignKeyConstraint(["office_id"], ["sales_office.id"], name=op.f("fk_office_lead_office_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_office_lead_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office_lead")),
        sa.UniqueConstraint("office_id", "valid_from", name=op.f("uq_office_lead_office_id_valid_from")),
    )
    with op.batch_alter_table("office_lead", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_office_lead_person_id"), ["person_id"], unique=False)
        batch_op.create_index(
            "uq_office_lead_open",
            ["office_id"],
            unique=True,
            sqlite_where=sa.text("valid_to IS NULL"),
            postgresql_where=sa.text("valid_to IS NULL"),
        )

    op.create_table(
        "plan_decision",
        sa.Column("id", KEY, nullable=False),
        sa.Column("plan_id", KEY, nullable=False),
        sa.Column(
            "before",
            sa.Enum(
                "draft",
                "submitted",
                "approved",
                "rejected",
                "superseded",
                name="before",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "after",
            sa.Enum(
                "draft",
                "submitted",
                "approved",
                "rejected",
                "superseded",
                name="after",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("decided_by", sa.String(length=128), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_decision_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_decision")),
    )
    with op.batch_alter_table("plan_decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_plan_decision_plan_id"), ["plan_id"], unique=False)

    op.create_table(
        "rank_history",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("rank_id", KEY, nullable=False),
        sa.Column("institution_id", KEY, nullable=False),
        sa.Column("office_id", KEY, nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_rank_history_dated")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_rank_history_institution_id")
        ),
        sa.ForeignKeyConstraint(["office_id"], ["sales_office.id"], name=op.f("fk_rank_history_office_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_rank_history_person_id")),
        sa.ForeignKeyConstraint(["rank_id"], ["rank.id"], name=op.f("fk_rank_history_rank_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rank_history")),
        sa.UniqueConstraint("person_id", "valid_from", name=op.f("uq_rank_history_person_id_valid_from")),
    )
    with op.batch_alter_table("rank_history", schema=None) as batch_op:
        batch_op.create_index(
            "ix_rank_history_institution_id_valid_from", ["institution_id", "valid_from"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_rank_history_office_id"), ["office_id"], unique=False)
        batch_op.create_index(
            "uq_rank_history_open",
            ["person_id"],
            unique=True,
            sqlite_where=sa.text("valid_to IS NULL"),
            postgresql_where=sa.text("valid_to IS NULL"),
        )

    op.create_table(
        "recommendation",
        sa.Column("id", KEY, nullable=False),
        sa.Column("customer_id", KEY, nullable=False),
        sa.Column("agent_id", KEY, nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("contact_limit", sa.Text(), nullable=True),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "done",
                "dismissed",
                "superseded",
                name="recommendation_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.CheckConstraint("(state = 'open') = (closed_on IS NULL)", name=op.f("ck_recommendation_closed")),
        sa.CheckConstraint("due_on >= made_on", name=op.f("ck_recommendation_due")),
        sa.ForeignKeyConstraint(["agent_id"], ["person.id"], name=op.f("fk_recommendation_agent_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_recommendation_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recommendation")),
        sa.UniqueConstraint("customer_id", "made_on", name=op.f("uq_recommendation_customer_id_made_on")),
    )
    with op.batch_alter_table("recommendation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recommendation_agent_id"), ["agent_id"], unique=False)
        batch_op.create_index(
            "uq_recommendation_open",
            ["customer_id"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "sale",
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("customer_id", KEY, nullable=False),
        sa.Column("agent_id", KEY, nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("premium", sa.BigInteger(), nullable=False),
        sa.Column("fyc", sa.BigInteger(), nullable=False),
        sa.Column("cooling_off_ends", sa.Date(), nullable=True),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.CheckConstraint("premium > 0", name=op.f("ck_sale_premium")),
        sa.CheckConstraint(
            "withdrawn_on IS NULL OR withdrawn_on >= signed_on", name=op.f("ck_sale_withdrawn")
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["person.id"], name=op.f("fk_sale_agent_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_sale_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sale")),
        sa.UniqueConstraint("code", name=op.f("uq_sale_code")),
    )
    with op.batch_alter_table("sale", schema=None) as batch_op:
        batch_op.create_index("ix_sale_agent_id_signed_on", ["agent_id", "signed_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_sale_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "target",
        sa.Column("id", KEY, nullable=False),
        sa.Column("plan_id", KEY, nullable=False),
        sa.Column("parent_id", KEY, nullable=True),
        sa.Column("indicator_id", KEY, nullable=False),
        sa.Column("is_unassigned", sa.Boolean(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("institution_id", KEY, nullable=True),
        sa.Column("office_id", KEY, nullable=True),
        sa.Column("person_id", KEY, nullable=True),
        sa.CheckConstraint(ONE_SCOPE, name=op.f("ck_target_scope")),
        sa.CheckConstraint(
            "parent_id IS NOT NULL OR NOT is_unassigned", name=op.f("ck_target_unassigned_below")
        ),
        sa.CheckConstraint("value >= 0", name=op.f("ck_target_value")),
        sa.ForeignKeyConstraint(["indicator_id"], ["indicator.id"], name=op.f("fk_target_indicator_id")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_target_institution_id")
        ),
        sa.ForeignKeyConstraint(["office_id"], ["sales_office.id"], name=op.f("fk_target_office_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["target.id"], name=op.f("fk_target_parent_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_target_person_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_target_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target")),
    )
    with op.batch_alter_table("target", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_target_parent_id"), ["parent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_target_plan_id"), ["plan_id"], unique=False)
        batch_op.create_index(
            "uq_target_institution",
            ["plan_id", "indicator_id", "institution_id"],
            unique=True,
            sqlite_where=sa.text("institution_id IS NOT NULL AND NOT is_unassigned"),
            postgresql_where=sa.text("institution_id IS NOT NULL AND NOT is_unassigned"),
        )
        batch_op.create_index(
            "uq_target_office",
            ["plan_id", "indicator_id", "office_id"],
            unique=True,
            sqlite_where=sa.text("office_id IS NOT NULL AND NOT is_unassigned"),
            postgresql_where=sa.text("office_id IS NOT NULL AND NOT is_unassigned"),
        )
        batch_op.create_index(
            "uq_target_person",
            ["plan_id", "indicator_id", "person_id"],
            unique=True,
            sqlite_where=sa.text("person_id IS NOT NULL AND NOT is_unassigned"),
            postgresql_where=sa.text("person_id IS NOT NULL AND NOT is_unassigned"),
        )
        batch_op.create_index(
            "uq_target_unassigned",
            ["parent_id"],
            unique=True,
            sqlite_where=sa.text("is_unassigned"),
            postgresql_where=sa.text("is_unassigned"),
        )

    op.create_table(
        "action_item",
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("meeting_id", KEY, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("who", sa.String(length=128), nullable=True),
        sa.Column("owner_id", KEY, nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "kept",
                "broken",
                "dropped",
                name="action_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_action_item_meeting_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_action_item_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_item")),
        sa.UniqueConstraint("code", name=op.f("uq_action_item_code")),
    )
    with op.batch_alter_table("action_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_action_item_due_on"), ["due_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_action_item_meeting_id"), ["meeting_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_action_item_owner_id"), ["owner_id"], unique=False)

    op.create_table(
        "attendance",
        sa.Column("meeting_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column(
            "presence",
            sa.Enum(
                "on_site",
                "remote",
                "leave",
                "absent",
                name="presence",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_attendance_meeting_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_attendance_person_id")),
        sa.PrimaryKeyConstraint("meeting_id", "person_id", name=op.f("pk_attendance")),
    )
    with op.batch_alter_table("attendance", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attendance_person_id"), ["person_id"], unique=False)

    op.create_table(
        "event_review",
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("reviewed_on", sa.Date(), nullable=False),
        sa.Column("reviewer", sa.String(length=128), nullable=False),
        sa.Column("conclusion", sa.Text(), nullable=False),
        sa.Column("improvement", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["activity_event.id"], name=op.f("fk_event_review_event_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_event_review")),
    )
    op.create_table(
        "management_action",
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "goal_interview",
                "customer_inventory",
                "platform_setup",
                "joint_visit",
                name="action_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("actor_id", KEY, nullable=False),
        sa.Column("subject_id", KEY, nullable=True),
        sa.Column("customer_id", KEY, nullable=True),
        sa.Column("event_id", KEY, nullable=True),
        sa.Column("planned_on", sa.Date(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("record", sa.Text(), nullable=True),
        sa.Column("review", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind <> 'platform_setup' OR event_id IS NOT NULL", name=op.f("ck_management_action_event")
        ),
        sa.CheckConstraint(
            "planned_on IS NOT NULL OR done_on IS NOT NULL", name=op.f("ck_management_action_dated")
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f("fk_management_action_actor_id")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_management_action_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["activity_event.id"], name=op.f("fk_management_action_event_id")
        ),
        sa.ForeignKeyConstraint(["subject_id"], ["person.id"], name=op.f("fk_management_action_subject_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_management_action")),
        sa.UniqueConstraint("code", name=op.f("uq_management_action_code")),
    )
    with op.batch_alter_table("management_action", schema=None) as batch_op:
        batch_op.create_index(
            "ix_management_action_actor_id_kind_done_on", ["actor_id", "kind", "done_on"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_management_action_subject_id"), ["subject_id"], unique=False)

    op.create_table(
        "participation",
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("customer_id", KEY, nullable=False),
        sa.Column("attended", sa.Boolean(), nullable=True),
        sa.Column("sale_id", KEY, nullable=True),
        sa.Column("feedback", sa.Text(), nullable=True),
        sa.Column("temperature_before", sa.BigInteger(), nullable=True),
        sa.Column("temperature_after", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("sale_id IS NULL OR attended", name=op.f("ck_participation_signed")),
        sa.CheckConstraint(
            "temperature_after BETWEEN 0 AND 10000", name=op.f("ck_participation_temperature_after")
        ),
        sa.CheckConstraint(
            "temperature_before BETWEEN 0 AND 10000", name=op.f("ck_participation_temperature_before")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_participation_customer_id")),
        sa.ForeignKeyConstraint(["event_id"], ["activity_event.id"], name=op.f("fk_participation_event_id")),
        sa.ForeignKeyConstraint(["sale_id"], ["sale.id"], name=op.f("fk_participation_sale_id")),
        sa.PrimaryKeyConstraint("event_id", "customer_id", name=op.f("pk_participation")),
    )
    with op.batch_alter_table("participation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_participation_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "recording",
        sa.Column("id", KEY, nullable=False),
        sa.Column("meeting_id", KEY, nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("duration", sa.Float(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("duration > 0", name=op.f("ck_recording_duration")),
        sa.CheckConstraint("part > 0", name=op.f("ck_recording_part")),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_recording_meeting_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording")),
        sa.UniqueConstraint("meeting_id", "part", name=op.f("uq_recording_meeting_id_part")),
    )
    with op.batch_alter_table("recording", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recording_content_hash"), ["content_hash"], unique=False)

    op.create_table(
        "scorecard",
        sa.Column("id", KEY, nullable=False),
        sa.Column("meeting_id", KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rubric", sa.String(length=128), nullable=False),
        sa.Column("energy_score", sa.BigInteger(), nullable=True),
        sa.Column("band_low", sa.BigInteger(), nullable=True),
        sa.Column("band_high", sa.BigInteger(), nullable=True),
        sa.Column(
            "verdict",
            sa.Enum(
                "qualified",
                "not_qualified",
                "needs_review",
                name="verdict",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "on_time",
            sa.Enum(
                "pass",
                "warn",
                "fail",
                "unknown",
                name="on_time",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "on_roster",
            sa.Enum(
                "pass",
                "warn",
                "fail",
                "unknown",
                name="on_roster",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "on_quality",
            sa.Enum(
                "pass",
                "warn",
                "fail",
                "unknown",
                name="on_quality",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "result",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.CheckConstraint("energy_score BETWEEN 0 AND 10000", name=op.f("ck_scorecard_energy")),
        sa.CheckConstraint("version > 0", name=op.f("ck_scorecard_version")),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_scorecard_meeting_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorecard")),
        sa.UniqueConstraint("meeting_id", "version", name=op.f("uq_scorecard_meeting_id_version")),
    )
    with op.batch_alter_table("scorecard", schema=None) as batch_op:
        batch_op.create_index(
            "uq_scorecard_current",
            ["meeting_id"],
            unique=True,
            sqlite_where=sa.text("is_current"),
            postgresql_where=sa.text("is_current"),
        )

    op.create_table(
        "action_follow_up",
        sa.Column("action_id", KEY, nullable=False),
        sa.Column("meeting_id", KEY, nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "kept",
                "not_kept",
                "not_mentioned",
                name="follow_up_outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("quote", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["action_id"], ["action_item.id"], name=op.f("fk_action_follow_up_action_id")
        ),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_action_follow_up_meeting_id")),
        sa.PrimaryKeyConstraint("action_id", "meeting_id", name=op.f("pk_action_follow_up")),
    )
    with op.batch_alter_table("action_follow_up", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_action_follow_up_meeting_id"), ["meeting_id"], unique=False)

    op.create_table(
        "finding",
        sa.Column("id", KEY, nullable=False),
        sa.Column("scorecard_id", KEY, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "practice",
                "issue",
                "advice",
                name="finding_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("start", sa.Float(), nullable=True),
        sa.Column("end", sa.Float(), nullable=True),
        sa.Column("quote", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["scorecard_id"], ["scorecard.id"], name=op.f("fk_finding_scorecard_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
    )
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_finding_scorecard_id"), ["scorecard_id"], unique=False)

    op.create_table(
        "meeting_chapter",
        sa.Column("id", KEY, nullable=False),
        sa.Column("scorecard_id", KEY, nullable=False),
        sa.Column(
            "chapter",
            sa.Enum(
                "opening",
                "stage_review",
                "monthly_review",
                "excellence_sharing",
                "problem_discussion",
                "next_month_plan",
                "next_week_plan",
                "closing",
                "off_topic",
                name="chapter",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("start", sa.Float(), nullable=False),
        sa.Column("end", sa.Float(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.CheckConstraint('"end" > start', name=op.f("ck_meeting_chapter_span")),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_meeting_chapter_confidence")),
        sa.ForeignKeyConstraint(
            ["scorecard_id"], ["scorecard.id"], name=op.f("fk_meeting_chapter_scorecard_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_chapter")),
    )
    with op.batch_alter_table("meeting_chapter", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_meeting_chapter_scorecard_id"), ["scorecard_id"], unique=False)

    op.create_table(
        "scorecard_item",
        sa.Column("id", KEY, nullable=False),
        sa.Column("scorecard_id", KEY, nullable=False),
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=True),
        sa.Column("maximum", sa.BigInteger(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pass",
                "warn",
                "fail",
                "unknown",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["scorecard_id"], ["scorecard.id"], name=op.f("fk_scorecard_item_scorecard_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorecard_item")),
        sa.UniqueConstraint("scorecard_id", "item", name=op.f("uq_scorecard_item_scorecard_id_item")),
    )
