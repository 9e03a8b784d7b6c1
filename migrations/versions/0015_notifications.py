"""Notifications: the outbox, what people wish to be told, WeChat's token."""

import sqlalchemy as sa
from alembic import op

from timebank.database import UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TOPICS = (
    "'arrival', 'forgotten_check_out', 'record_final', 'record_rejected', 'record_corrected', 'objection_answered', "
    "'gift_offered', 'minutes_expiring'"
)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "notification",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(length=24), nullable=False),
        sa.Column("facts", sa.String(length=1000), nullable=False),
        sa.Column("same", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=False),
        sa.Column("last_error", sa.String(length=24), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(f"topic IN ({TOPICS})", name=op.f("ck_notification_topic")),
        sa.CheckConstraint(
            "state IN ('queued', 'sent', 'failed', 'given_up', 'not_wanted')", name=op.f("ck_notification_state")
        ),
        sa.CheckConstraint("attempts BETWEEN 0 AND 5", name=op.f("ck_notification_attempts")),
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_notification_sent")),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_notification_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
        sa.UniqueConstraint("same", name=op.f("uq_notification_same")),
    )
    op.create_index(
        "ix_notification_person_id_created_at_id", "notification", ["person_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_notification_due",
        "notification",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("state = 'queued'"),
        sqlite_where=sa.text("state = 'queued'"),
    )
    op.create_table(
        "notification_subscription",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(length=24), nullable=False),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(f"topic IN ({TOPICS})", name=op.f("ck_notification_subscription_topic")),
        sa.CheckConstraint("remaining BETWEEN 0 AND 1000", name=op.f("ck_notification_subscription_remaining")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["identity_person.id"], name=op.f("fk_notification_subscription_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", "topic", name=op.f("pk_notification_subscription")),
    )
    op.create_table(
        "wechat_token",
        sa.Column("app_id", sa.String(length=64), nullable=False),
        sa.Column("value", sa.String(length=1024), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("renewing_until", UtcDateTime(), nullable=True),
        sa.Column("forced_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("app_id", name=op.f("pk_wechat_token")),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("wechat_token")
    op.drop_table("notification_subscription")
    op.drop_table("notification")
