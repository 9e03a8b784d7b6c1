"""Households, limits on goods and what was counted under them, free quotas, and who collects for whom."""

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_LIVE = sa.text("until_at IS NULL")
_NOT_ENDED = sa.text("ended_at IS NULL")


def upgrade() -> None:
    """Create the tables, and what a redemption says of them."""
    op.add_column("redemption", sa.Column("pay_with", sa.String(length=10), nullable=True))
    op.add_column("redemption", sa.Column("limited", sa.Boolean(), nullable=True))
    op.add_column("redemption_line", sa.Column("category", sa.String(length=40), nullable=True))
    _households()
    _limits()
    _entitlements()
    _quota_moves()
    _proxies()


def _households() -> None:
    op.create_table(
        "identity_household",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_household")),
    )
    op.create_index("ix_identity_household_organisation_id", "identity_household", ["organisation_id"], unique=False)
    op.create_table(
        "identity_household_member",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=True),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("(until_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_identity_household_member_ended")),
        sa.CheckConstraint("until_at IS NULL OR until_at >= from_at", name=op.f("ck_identity_household_member_until")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["identity_household.id"], name=op.f("fk_identity_household_member_household_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["identity_person.id"], name=op.f("fk_identity_household_member_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_household_member")),
    )
    op.create_index(
        "ix_identity_household_member_household_id", "identity_household_member", ["household_id"], unique=False
    )
    op.create_index("ix_identity_household_member_person_id", "identity_household_member", ["person_id"], unique=False)
    op.create_index(
        "uq_identity_household_member_live",
        "identity_household_member",
        ["person_id"],
        unique=True,
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    )


def _limits() -> None:
    op.create_table(
        "goods_limit",
        sa.Column("goods_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("limits", sa.JSON(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["goods_id"], ["goods.id"], name=op.f("fk_goods_limit_goods_id")),
        sa.PrimaryKeyConstraint("goods_id", "number", name=op.f("pk_goods_limit")),
        sqlite_with_rowid=False,
    )
    guard(op, "goods_limit", {"pk_goods_limit": ("goods_id", "number")})
    op.create_table(
        "redemption_limit",
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("per", sa.String(length=10), nullable=False),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("span", sa.String(length=12), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=False),
        sa.Column("goods_id", sa.Uuid(), nullable=True),
        sa.Column("category", sa.String(length=40), nullable=True),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("from_at", UtcDateTime(), nullable=True),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("per IN ('person', 'household')", name=op.f("ck_redemption_limit_per")),
        sa.CheckConstraint("scope IN ('item', 'category', 'shop', 'all')", name=op.f("ck_redemption_limit_scope")),
        sa.CheckConstraint("unit IN ('pieces', 'minutes')", name=op.f("ck_redemption_limit_unit")),
        sa.CheckConstraint("(scope = 'item') = (goods_id IS NOT NULL)", name=op.f("ck_redemption_limit_goods_id")),
        sa.CheckConstraint("(scope = 'category') = (category IS NOT NULL)", name=op.f("ck_redemption_limit_category")),
        sa.CheckConstraint("used >= 0 AND taken > 0 AND used + taken <= most", name=op.f("ck_redemption_limit_most")),
        sa.ForeignKeyConstraint(["redemption_id"], ["redemption.id"], name=op.f("fk_redemption_limit_redemption_id")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["identity_household.id"], name=op.f("fk_redemption_limit_household_id")
        ),
        sa.PrimaryKeyConstraint("redemption_id", "number", name=op.f("pk_redemption_limit")),
        sqlite_with_rowid=False,
    )
    guard(op, "redemption_limit", {"pk_redemption_limit": ("redemption_id", "number")})


def _entitlements() -> None:
    op.create_table(
        "free_quota_entitlement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("granted_by", sa.Uuid(), nullable=False),
        sa.Column("granted_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("end_reason", sa.String(length=500), nullable=True),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_by IS NULL) AND (ended_at IS NULL) = (end_reason IS NULL)",
            name=op.f("ck_free_quota_entitlement_ended"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["identity_person.id"], name=op.f("fk_free_quota_entitlement_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_free_quota_entitlement")),
    )
    op.create_index(
        "uq_free_quota_entitlement_live",
        "free_quota_entitlement",
        ["person_id", "organisation_id"],
        unique=True,
        sqlite_where=_NOT_ENDED,
        postgresql_where=_NOT_ENDED,
    )
    op.create_index(
        "ix_free_quota_entitlement_organisation_id",
        "free_quota_entitlement",
        ["organisation_id", "granted_at", "id"],
        unique=False,
    )


def _quota_moves() -> None:
    op.create_table(
        "free_quota_move",
        sa.Column("entitlement_id", sa.Uuid(), nullable=False),
        sa.Column("period_on", sa.Date(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("balance_after", sa.BigInteger(), nullable=False),
        sa.Column("held_after", sa.BigInteger(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=True),
        sa.Column("refund_id", sa.Uuid(), nullable=True),
        sa.Column("resolves", sa.BigInteger(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("moved_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('open', 'hold', 'release', 'capture', 'spend', 'refund')", name=op.f("ck_free_quota_move_kind")
        ),
        sa.CheckConstraint("unit IN ('points', 'pieces')", name=op.f("ck_free_quota_move_unit")),
        sa.CheckConstraint("balance_after >= 0", name=op.f("ck_free_quota_move_balance_after")),
        sa.CheckConstraint("held_after >= 0", name=op.f("ck_free_quota_move_held_after")),
        sa.CheckConstraint("(kind = 'open') = (seq = 1)", name=op.f("ck_free_quota_move_open")),
        sa.CheckConstraint(
            "kind NOT IN ('open', 'refund') OR (amount > 0 AND held = 0)", name=op.f("ck_free_quota_move_credit")
        ),
        sa.CheckConstraint("kind <> 'hold' OR (amount < 0 AND held = -amount)", name=op.f("ck_free_quota_move_hold")),
        sa.CheckConstraint(
            "kind <> 'release' OR (amount > 0 AND held = -amount)", name=op.f("ck_free_quota_move_release")
        ),
        sa.CheckConstraint(
            "kind <> 'capture' OR (held < 0 AND amount >= 0 AND amount <= -held)",
            name=op.f("ck_free_quota_move_capture"),
        ),
        sa.CheckConstraint("kind <> 'spend' OR (amount < 0 AND held = 0)", name=op.f("ck_free_quota_move_spend")),
        sa.CheckConstraint("(resolves IS NOT NULL) = (held < 0)", name=op.f("ck_free_quota_move_resolves")),
        sa.CheckConstraint("(kind = 'open') = (redemption_id IS NULL)", name=op.f("ck_free_quota_move_redemption")),
        sa.CheckConstraint("(kind = 'refund') = (refund_id IS NOT NULL)", name=op.f("ck_free_quota_move_refund")),
        sa.ForeignKeyConstraint(
            ["entitlement_id"], ["free_quota_entitlement.id"], name=op.f("fk_free_quota_move_entitlement_id")
        ),
        sa.ForeignKeyConstraint(
            ["entitlement_id", "period_on", "resolves"],
            ["free_quota_move.entitlement_id", "free_quota_move.period_on", "free_quota_move.seq"],
            name=op.f("fk_free_quota_move_entitlement_id_period_on_resolves"),
        ),
        sa.ForeignKeyConstraint(["redemption_id"], ["redemption.id"], name=op.f("fk_free_quota_move_redemption_id")),
        sa.ForeignKeyConstraint(["refund_id"], ["shop_refund.id"], name=op.f("fk_free_quota_move_refund_id")),
        sa.PrimaryKeyConstraint("entitlement_id", "period_on", "seq", name=op.f("pk_free_quota_move")),
        sa.UniqueConstraint(
            "entitlement_id",
            "period_on",
            "resolves",
            name=op.f("uq_free_quota_move_entitlement_id_period_on_resolves"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_free_quota_move_redemption_id", "free_quota_move", ["redemption_id"], unique=False)
    guard(
        op,
        "free_quota_move",
        {
            "pk_free_quota_move": ("entitlement_id", "period_on", "seq"),
            "uq_free_quota_move_entitlement_id_period_on_resolves": ("entitlement_id", "period_on", "resolves"),
        },
    )
    op.create_table(
        "free_quota_line",
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("line_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("price >= 0", name=op.f("ck_free_quota_line_price")),
        sa.ForeignKeyConstraint(
            ["redemption_id", "line_no"],
            ["redemption_line.redemption_id", "redemption_line.line_no"],
            name=op.f("fk_free_quota_line_redemption_id_line_no"),
        ),
        sa.PrimaryKeyConstraint("redemption_id", "line_no", name=op.f("pk_free_quota_line")),
        sqlite_with_rowid=False,
    )
    guard(op, "free_quota_line", {"pk_free_quota_line": ("redemption_id", "line_no")})


def _proxies() -> None:
    op.create_table(
        "shop_proxy",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("proxy_id", sa.Uuid(), nullable=True),
        sa.Column("proxy_name", sa.String(length=60), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("named_by", sa.Uuid(), nullable=False),
        sa.Column("named_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("(proxy_id IS NULL) <> (proxy_name IS NULL)", name=op.f("ck_shop_proxy_one")),
        sa.CheckConstraint("proxy_id <> person_id", name=op.f("ck_shop_proxy_two_people")),
        sa.CheckConstraint("(organisation_id IS NULL) = (reason IS NULL)", name=op.f("ck_shop_proxy_staff")),
        sa.CheckConstraint("proxy_name IS NULL OR organisation_id IS NOT NULL", name=op.f("ck_shop_proxy_name")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_shop_proxy_ended")),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_shop_proxy_person_id")),
        sa.ForeignKeyConstraint(["proxy_id"], ["identity_person.id"], name=op.f("fk_shop_proxy_proxy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_proxy")),
    )
    op.create_index("ix_shop_proxy_person_id", "shop_proxy", ["person_id"], unique=False)
    op.create_index("ix_shop_proxy_proxy_id", "shop_proxy", ["proxy_id"], unique=False)
    op.create_index(
        "uq_shop_proxy_live",
        "shop_proxy",
        ["person_id", "proxy_id"],
        unique=True,
        sqlite_where=_NOT_ENDED,
        postgresql_where=_NOT_ENDED,
    )
    op.create_table(
        "shop_collection",
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("proxy_id", sa.Uuid(), nullable=False),
        sa.Column("clerk_id", sa.Uuid(), nullable=False),
        sa.Column("collected_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["redemption_id"], ["redemption.id"], name=op.f("fk_shop_collection_redemption_id")),
        sa.ForeignKeyConstraint(["proxy_id"], ["shop_proxy.id"], name=op.f("fk_shop_collection_proxy_id")),
        sa.PrimaryKeyConstraint("redemption_id", name=op.f("pk_shop_collection")),
        sqlite_with_rowid=False,
    )
    guard(op, "shop_collection", {"pk_shop_collection": ("redemption_id",)})


def downgrade() -> None:
    """Drop them."""
    for table in (
        "shop_collection",
        "shop_proxy",
        "free_quota_line",
        "free_quota_move",
        "free_quota_entitlement",
        "redemption_limit",
        "goods_limit",
        "identity_household_member",
        "identity_household",
    ):
        op.drop_table(table)
    op.drop_column("redemption_line", "category")
    op.drop_column("redemption", "limited")
    op.drop_column("redemption", "pay_with")
