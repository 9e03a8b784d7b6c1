"""What a policy can say: its values, their kinds, and the built-in set.

A policy is data: every value has a version and a date, and cities set them differently (sources and profiles:
北京, 南京, 黄山, 广州, 长沙; rule R01, R19, R20, R25, R29). Every key (``keys``) is enforced, for whoever reads a policy must be
able to rely on it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from timebank.policies.expiry import BalanceExpiry
from timebank.policies.free_quotas import FreeQuota
from timebank.policies.limits import Limit
from timebank.policies.redemption_days import RedemptionDays

PROVENANCES = ("self_scan", "staff_scan", "supplement", "import")
"""Where minutes can come from, strongest first (rule R09)."""
MINUTES_A_DAY = 1_440
LEAST_AGE = 14
"""The least age alone that can be set (rule R38): below it the law itself asks for a guardian."""
LEAST_STORAGE_CAP = 6_000
"""The least storage cap that can be set (100 hours): whoever has less is never asked about it."""


class ScopeKind(StrEnum):
    """How far a value reaches; the later one wins."""

    BANK = "bank"
    AREA = "area"
    ORGANISATION = "organisation"


class Rounding(StrEnum):
    """What happens to minutes that do not fill a credit step."""

    FLOOR = "floor"


class Refunds(StrEnum):
    """Whether a shop takes goods back; a clerk's own slip may be undone either way."""

    ALLOWED = "allowed"
    NEVER = "never"


class Approval(StrEnum):
    """``clean_auto``: an unflagged scan pair needs no review. ``always``: everything is reviewed by a coordinator."""

    CLEAN_AUTO = "clean_auto"
    ALWAYS = "always"


class Geofence(StrEnum):
    """Whether a phone's place is held against the site at check-in: not at all, as a doubt, or as a condition."""

    OFF = "off"
    FLAG = "flag"
    ENFORCE = "enforce"


class Overlapping(StrEnum):
    """Whether somebody may sign up for two shifts at one time, of any organisation: told of it, or refused."""

    WARN = "warn"
    REFUSE = "refuse"


class Gift(StrEnum):
    """Whether minutes may be given away at all: to verified relatives of the direct line, or not (rule R22)."""

    NONE = "none"
    VERIFIED_RELATIVES = "verified_relatives"


class GroupAccounts(StrEnum):
    """Whether a group's account earns what its members do for it. All that it can do with it is donate (rule R24; 南京)."""

    NONE = "none"
    EARN_AND_DONATE = "earn_and_donate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The values that hold at one place on one day; the defaults are the built-in set.

    ``number`` is the largest version number among those that could apply, 0 for the built-in set. Number, day and scope
    together name the values exactly: versions are never changed, and none takes effect in the past.
    """

    number: int = 0
    credit_step_minutes: int = 1
    rounding: str = Rounding.FLOOR
    min_credit_minutes: int = 10
    credit_provenances: frozenset[str] = frozenset({"self_scan", "staff_scan", "supplement"})
    daily_credit_cap_minutes: int | None = None
    daily_review_minutes: int | None = 480
    storage_cap_minutes: int | None = 90_000
    approval: str = Approval.CLEAN_AUTO
    notice_days: int = 0
    walk_in: bool = True
    redeem_min_history_minutes: int = 0
    refunds: str = Refunds.ALLOWED
    goods_redemption: bool = True
    balance_expiry: BalanceExpiry | None = None
    gift: str = Gift.VERIFIED_RELATIVES
    group_accounts: str = GroupAccounts.EARN_AND_DONATE
    min_stay_minutes: int = 10
    open_before_minutes: int = 30
    close_after_minutes: int = 60
    geofence: str = "off"
    geofence_metres: int = 300
    reservation_hours: int | None = 48
    redeem_limits: tuple[Limit, ...] = ()
    redeem_days: RedemptionDays | None = None
    free_quota: tuple[FreeQuota, ...] = ()
    min_remaining_days: int = 0
    same_day_hours: int = 24
    near_expiry_days: int = 15
    min_age: int = LEAST_AGE
    service_consent: bool = False
    star_minutes: tuple[int, ...] = (6_000, 18_000, 36_000, 60_000, 90_000)
    star_notice_days: int = 5
    waiting_confirm_hours: int = 12
    cancel_deadline_hours: int = 24
    overlapping_sign_ups: str = Overlapping.WARN


BUILT_IN = Policy()


def plain(value: Any) -> Any:
    """Return a Policy's value as JSON has it."""
    if isinstance(value, BalanceExpiry | RedemptionDays):
        return value.plain()
    if isinstance(value, tuple):
        return [item if isinstance(item, int) else item.plain() for item in value]
    return [item for item in PROVENANCES if item in value] if isinstance(value, frozenset) else value


def built_in(key: str) -> Any:
    """Return the plain value of ``key`` in the built-in set."""
    return plain(getattr(BUILT_IN, key))
