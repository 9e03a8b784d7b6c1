"""The table of policy versions: append-only."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.database import Base, one_of
from timebank.policies.rules import ScopeKind


class PolicyVersion(Base):
    """One value of one key in one scope, from a day on.

    Numbers run 1, 2, 3… without a gap, and a number is only seen when all smaller ones are: whoever knows the largest
    one knows which versions there are.
    """

    __tablename__ = "policy_version"
    __table_args__ = (
        CheckConstraint("number > 0", name="number"),
        one_of("scope_kind", ScopeKind),
        CheckConstraint("(scope_kind = 'bank') = (scope_ref = '')", name="scope_ref"),
        Index("ix_policy_version_scope_ref_scope_kind", "scope_ref", "scope_kind"),
        WITHOUT_ROWID,
    )

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    scope_kind: Mapped[str] = mapped_column(String(12))
    scope_ref: Mapped[str] = mapped_column(String(60))
    key: Mapped[str] = mapped_column(String(40))
    value: Mapped[str]
    effective_on: Mapped[date]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]
