"""Staff accounts: disabled, to change their password, a second factor; suspended grants; where somebody has signed in."""

import sqlalchemy as sa
from alembic import op

from timebank.database import UtcDateTime

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_PASSWORD = (
    ("disabled_at", UtcDateTime()),
    ("disabled_by", sa.Uuid()),
    ("totp_secret", sa.LargeBinary()),
    ("totp_confirmed_at", UtcDateTime()),
    ("totp_step", sa.BigInteger()),
)


def upgrade() -> None:
    """Add what there was none of: whoever has a password keeps it, and nobody has a second factor yet."""
    op.add_column(
        "identity_password", sa.Column("must_change", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    for name, kind in _PASSWORD:
        op.add_column("identity_password", sa.Column(name, kind, nullable=True))
    op.add_column("identity_grant", sa.Column("granted_by", sa.Uuid(), nullable=True))
    op.add_column("identity_grant", sa.Column("suspended_at", UtcDateTime(), nullable=True))
    op.add_column("identity_session", sa.Column("place", sa.LargeBinary(), nullable=True))
    op.add_column("identity_failed_sign_in", sa.Column("account", sa.LargeBinary(), nullable=True))
    op.create_index("ix_identity_failed_sign_in_account", "identity_failed_sign_in", ["account", "failed_at"])
    op.create_table(
        "identity_recovery_code",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["identity_person.id"], name=op.f("fk_identity_recovery_code_person_id")
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_identity_recovery_code")),
    )
    op.create_index("ix_identity_recovery_code_person_id", "identity_recovery_code", ["person_id"], unique=False)


def downgrade() -> None:
    """Drop them."""
    op.drop_table("identity_recovery_code")
    op.drop_index("ix_identity_failed_sign_in_account", "identity_failed_sign_in")
    op.drop_column("identity_failed_sign_in", "account")
    op.drop_column("identity_session", "place")
    op.drop_column("identity_grant", "suspended_at")
    op.drop_column("identity_grant", "granted_by")
    for name, _ in reversed(_PASSWORD):
        op.drop_column("identity_password", name)
    op.drop_column("identity_password", "must_change")
