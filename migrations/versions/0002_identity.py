"""People, what they sign in with, and the roles they hold."""

import sqlalchemy as sa
from alembic import op

from timebank.database import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "identity_failed_sign_in",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("guess", sa.LargeBinary(), nullable=False),
        sa.Column("failed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_failed_sign_in")),
    )
    op.create_index(
        "ix_identity_failed_sign_in_guess_failed_at", "identity_failed_sign_in", ["guess", "failed_at"], unique=False
    )
    op.create_table(
        "identity_person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("volunteer_no", sa.String(length=20), nullable=False),
        sa.Column("member_ref", sa.String(length=8), nullable=False),
        sa.Column("display_name", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "state IN ('active', 'frozen', 'closed', 'deceased')", name=op.f("ck_identity_person_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_person")),
        sa.UniqueConstraint("member_ref", name=op.f("uq_identity_person_member_ref")),
        sa.UniqueConstraint("volunteer_no", name=op.f("uq_identity_person_volunteer_no")),
    )
    op.create_table(
        "identity_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("area_path", sa.String(length=60), nullable=True),
        sa.Column("granted_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "role IN ('counter', 'coordinator', 'auditor', 'admin')", name=op.f("ck_identity_grant_role")
        ),
        sa.CheckConstraint(
            "(organisation_id IS NULL) <> (area_path IS NULL)", name=op.f("ck_identity_grant_one_scope")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_identity_grant_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_grant")),
    )
    op.create_index("ix_identity_grant_person_id", "identity_grant", ["person_id"], unique=False)
    op.create_table(
        "identity_password",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.String(length=60), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_identity_password_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_identity_password")),
        sa.UniqueConstraint("username", name=op.f("uq_identity_password_username")),
    )
    op.create_table(
        "identity_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_identity_session_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_session")),
    )
    op.create_index(op.f("ix_identity_session_person_id"), "identity_session", ["person_id"], unique=False)
    op.create_table(
        "identity_wechat",
        sa.Column("app_id", sa.String(length=64), nullable=False),
        sa.Column("openid", sa.String(length=128), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("bound_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_identity_wechat_person_id")),
        sa.PrimaryKeyConstraint("app_id", "openid", name=op.f("pk_identity_wechat")),
    )
    op.create_index(op.f("ix_identity_wechat_person_id"), "identity_wechat", ["person_id"], unique=False)
    op.create_table(
        "identity_refresh_token",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["identity_session.id"], name=op.f("fk_identity_refresh_token_session_id")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_identity_refresh_token")),
    )
    op.create_index(
        op.f("ix_identity_refresh_token_session_id"), "identity_refresh_token", ["session_id"], unique=False
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("identity_refresh_token")
    op.drop_table("identity_wechat")
    op.drop_table("identity_session")
    op.drop_table("identity_password")
    op.drop_table("identity_grant")
    op.drop_table("identity_person")
    op.drop_table("identity_failed_sign_in")
