"""The keys of a policy, what each may be set to, and how one value is chosen among many.

A policy is data: every value has a version and a date, and cities set them differently (sources and profiles:
北京, 南京, 黄山, 广州, 长沙; rule R01, R19, R20, R25, R29). Every key is enforced, for whoever reads a policy must be able to
rely on it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any

from timebank.errors import Invalid
from timebank.policies.expiry import BalanceExpiry, balance_expiry, read_balance_expiry
from timebank.policies.free_quotas import FreeQuota, free_quotas, read_free_quotas
from timebank.policies.limits import Limit, limits, read_limits
from timebank.policies.redemption_days import RedemptionDays, read_redemption_days, redemption_days
from timebank.policies.values import Read, Refused, one_of, rising, some_of, whole, yes_or_no

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


BUILT_IN = Policy()


def _as_it_is(value: Any) -> Any:
    return value


def _each(value: list[int] | None) -> tuple[int, ...]:
    return tuple(value or ())


def _least_age(value: int | None) -> int:
    """Read null, all that could be set before anything looked at the age, as the least."""
    return LEAST_AGE if value is None else value


@dataclass(frozen=True, slots=True)
class Key:
    """One key: how its value is read, what it means, and what a Policy carries for it.

    ``bank_wide``: a wallet belongs to no organisation and no area, so only the whole bank can rule over it.
    """

    name: str
    read: Read
    zh: str
    en: str
    bank_wide: bool = False
    value_of: Callable[[Any], Any] = _as_it_is


KEYS = {
    key.name: key
    for key in (
        Key("credit_step_minutes", whole(1, 480), "计入时间币的最小单位（分钟）", "credit counts in steps of this"),
        Key("rounding", one_of(*Rounding), "不足一个单位时如何取整", "how a part of a step is rounded"),
        Key("min_credit_minutes", whole(0, MINUTES_A_DAY), "少于这些分钟不计时间币", "shorter service earns nothing"),
        Key(
            "credit_provenances",
            some_of(*PROVENANCES),
            "哪些来源可计时间币",
            "which provenances earn",
            value_of=frozenset,
        ),
        Key(
            "daily_credit_cap_minutes",
            whole(1, MINUTES_A_DAY, or_none=True),
            "每日最多计入的分钟；null 为不限",
            "most minutes credited a day; null for no cap",
        ),
        Key(
            "daily_review_minutes",
            whole(1, MINUTES_A_DAY, or_none=True),
            "一日超过这些分钟须审核；null 为不审",
            "a longer day is reviewed; null for never",
        ),
        Key(
            "storage_cap_minutes",
            whole(LEAST_STORAGE_CAP, 6_000_000, or_none=True),
            "余额上限（分钟）：超出部分经本人同意捐入公共池，否则不计入；null 为不限",
            "most minutes a balance holds: the surplus goes to the pool with consent, else uncredited; null for no cap",
        ),
        Key("approval", one_of(*Approval), "服务记录是否一律审核", "whether every record is reviewed"),
        Key("notice_days", whole(0, 30), "公示几个工作日；0 为不公示", "working days of public notice; 0 for none"),
        Key("walk_in", yes_or_no, "未报名可否现场签到", "whether one may check in without a sign-up"),
        Key(
            "redeem_min_history_minutes",
            whole(0, 6_000_000),
            "累计服务满多少分钟方可兑换",
            "service minutes needed before the first redemption",
        ),
        Key("refunds", one_of(*Refunds), "兑换后能否退货", "whether goods are taken back"),
        Key("goods_redemption", yes_or_no, "时间币能否兑换物品", "whether minutes buy goods, or services only"),
        Key(
            "balance_expiry",
            read_balance_expiry,
            "时间币有效期，只能全行统一设定；null 为长期有效",
            "when minutes expire, for the whole bank; null for never",
            bank_wide=True,
            value_of=balance_expiry,
        ),
        Key(
            "gift", one_of(*Gift), "能否转赠：只给经核实的直系亲属，或不能", "whether minutes may be given to relatives"
        ),
        Key(
            "group_accounts",
            one_of(*GroupAccounts),
            "团体可否记时间币：可记，只能捐入公共池；或不设",
            "whether groups earn: yes, and may only donate; or no group accounts",
        ),
        Key("min_stay_minutes", whole(0, MINUTES_A_DAY), "签到后至少多久可签退", "least time between the two scans"),
        Key("open_before_minutes", whole(0, MINUTES_A_DAY), "提前多久可签到", "check-in opens this long before"),
        Key("close_after_minutes", whole(0, MINUTES_A_DAY), "结束后多久内可签退", "check-out closes this long after"),
        Key(
            "geofence",
            one_of(*Geofence),
            "签到时是否核对位置：不核对、存疑待审、超出不能签到",
            "whether the place is checked at check-in: off, as a doubt (flag), or as a condition (enforce)",
        ),
        Key("geofence_metres", whole(50, 5_000), "离站点多少米以内算到场", "so many metres from the site are inside"),
        Key("reservation_hours", whole(1, 8_784), "预留多少小时内须提货", "a reservation is kept this long"),
        Key(
            "redeem_limits",
            read_limits,
            "限额：每人或每户在一段时间内最多领多少",
            "how much may be taken",
            value_of=limits,
        ),
        Key(
            "redeem_days",
            read_redemption_days,
            "可兑换的日子和时段；null 为每天",
            "days and hours on which goods are redeemed; null for always",
            value_of=redemption_days,
        ),
        Key(
            "free_quota",
            read_free_quotas,
            "困难群众免费额度的种类和大小，与时间币分开",
            "kinds and sizes of free quotas for people in need, apart from minutes",
            value_of=free_quotas,
        ),
        Key(
            "min_remaining_days",
            whole(0, 730),
            "入库时保质期至少还剩几天；物品另有规定的从其规定",
            "least days of life left at intake, unless the goods have their own",
        ),
        Key(
            "same_day_hours",
            whole(1, 48),
            "当日食品须在入库后多少小时内到期",
            "food of the day expires within so many hours of its intake",
        ),
        Key("near_expiry_days", whole(1, 365), "几天内到期算临期，须单独存放", "expiring within so many days is near"),
        Key(
            "min_age",
            whole(LEAST_AGE, 18),
            "满多少周岁可不由监护人陪同；未满 18 周岁均须监护人同意",
            "least age without a guardian present; under 18 one consents in any case",
            value_of=_least_age,
        ),
        Key(
            "service_consent",
            yes_or_no,
            "签到前是否须已同意记录志愿服务；已撤回的一律不能签到",
            "whether check-in needs a consent to be recorded; whoever took it back never checks in",
        ),
        Key(
            "star_minutes",
            rising(60, 6_000_000, most=10),
            "各星级所需服务时长（分钟），只能全行统一设定；null 为不开展星级认定",
            "service minutes of each star, for the whole bank; null for no stars",
            bank_wide=True,
            value_of=_each,
        ),
        Key(
            "star_notice_days",
            whole(0, 30),
            "星级认定公示几个工作日",
            "working days of public notice before a star",
            bank_wide=True,
        ),
    )
}


def read_value(key: str, value: Any) -> Any:
    """Return ``value`` in its plain form. Raises Invalid, pointing at /key or /value."""
    known = KEYS.get(key)
    if known is None:
        raise Invalid(errors=[{"pointer": "/key", "detail": f"没有这个规则。 Must be one of {', '.join(KEYS)}."}])
    try:
        return known.read(value)
    except Refused as refused:
        raise Invalid(errors=[{"pointer": "/value", "detail": str(refused)}]) from refused


@dataclass(frozen=True, slots=True)
class Version:
    """One value of one key, from a day on, in one scope."""

    number: int
    scope_kind: str
    scope_ref: str
    key: str
    value: Any
    effective_on: date


def paths_above(area_path: str) -> list[str]:
    """Return the area path and every path above it: ``0573.01`` gives ``0573`` and ``0573.01``."""
    steps = area_path.split(".") if area_path else []
    return [".".join(steps[: depth + 1]) for depth in range(len(steps))]


def precedence(version: Version) -> tuple[int, date, int]:
    """Return what decides between two versions of a key: the nearer scope, then the later day, then the number."""
    if version.scope_kind == ScopeKind.BANK:
        nearness = 0
    elif version.scope_kind == ScopeKind.AREA:
        nearness = 1 + len(paths_above(version.scope_ref))
    else:
        nearness = 100
    return nearness, version.effective_on, version.number


def chosen(candidates: Iterable[Version]) -> dict[str, Version]:
    """Return the version that decides each key, among those that reach the place and have taken effect."""
    best: dict[str, Version] = {}
    for version in candidates:
        known = best.get(version.key)
        if known is None or precedence(version) > precedence(known):
            best[version.key] = version
    return best


def policy_of(candidates: Iterable[Version]) -> Policy:
    """Return the policy that the candidates make over the built-in set."""
    reaching = list(candidates)
    values = {key: KEYS[key].value_of(version.value) for key, version in chosen(reaching).items()}
    return Policy(number=max((version.number for version in reaching), default=0), **values)


@dataclass(frozen=True, slots=True)
class Explained:
    """A resolved value and where it comes from; without a version it is the built-in one."""

    key: str
    value: Any
    version: Version | None
    description: str


def explained(candidates: Iterable[Version]) -> list[Explained]:
    """Return every key with its resolved value and where that comes from."""
    deciding = chosen(candidates)
    return [
        Explained(
            key=key.name,
            value=deciding[key.name].value if key.name in deciding else built_in(key.name),
            version=deciding.get(key.name),
            description=f"{key.zh} · {key.en}",
        )
        for key in KEYS.values()
    ]


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


assert {field.name for field in fields(Policy)} == {"number", *KEYS}  # noqa: S101 - one table, told twice
