"""What is asked before anybody takes anything: limits first, then, if it pays, the free quota; before wallet and lots."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from timebank.shop.allowance import limits, quotas
from timebank.shop.allowance.quota_rules import PayWith
from timebank.shop.models import Redemption
from timebank.shop.redemption.baskets import Admitted, Basket


@dataclass(frozen=True, slots=True)
class Allowed:
    """A basket at the minutes that it costs, what was counted against limits, and what it takes of a free quota."""

    basket: Basket
    counted: list[dict[str, Any]]
    quota: quotas.Claim | None

    @property
    def pay_with(self) -> PayWith | None:
        """What pays, as it is kept: minutes go without saying."""
        if self.basket.purpose is not None:
            return PayWith.PURPOSE
        return PayWith.FREE_QUOTA if self.quota else None

    @property
    def limited(self) -> bool | None:
        """Whether anything was counted, as it is kept."""
        return True if self.counted else None

    def keep(self, redemption: Redemption, *, actor_id: UUID) -> None:
        """Write what was counted and what the quota gives, after the redemption itself."""
        limits.keep(redemption.id, self.counted)
        if self.quota:
            self.quota.keep(redemption, actor_id=actor_id)


def allow(admitted: Admitted, basket: Basket, *, person_id: UUID, pay_with: PayWith) -> Allowed:
    """See that a basket is within every limit, and within the free quota if that pays; their locks stay.

    What costs nothing of a quota is free either way and leaves it alone. What was given for a purpose costs nothing, and
    counts in pieces like everything else. Raises LimitReached, NoFreeQuota, FreeQuotaSpent.
    """
    by_quota = pay_with is PayWith.FREE_QUOTA
    charged = basket if pay_with is PayWith.MINUTES else basket.for_nothing()
    counted = limits.count(admitted.policy, charged, person_id=person_id, site_id=admitted.shop.id)
    quota = None
    if by_quota:
        quota = quotas.claim(
            person_id=person_id,
            organisation_id=admitted.shop.organisation_id,
            policy=admitted.policy,
            lines=basket.lines,
        )
    return Allowed(charged, counted, quota)
