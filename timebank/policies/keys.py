"""The keys of a policy: how each value is read, what it means, and what a Policy carries for it."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from timebank.errors import Invalid
from timebank.policies.expiry import balance_expiry, read_balance_expiry
from timebank.policies.free_quotas import free_quotas, read_free_quotas
from timebank.policies.limits import limits, read_limits
from timebank.policies.redemption_days import read_redemption_days, redemption_days
from timebank.policies.rules import (
    LEAST_AGE,
    LEAST_STORAGE_CAP,
    MINUTES_A_DAY,
    PROVENANCES,
    Approval,
    Geofence,
    Gift,
    GroupAccounts,
    Overlapping,
    Policy,
    Refunds,
    Rounding,
)
from timebank.policies.values import Read, Refused, one_of, rising, some_of, whole, yes_or_no


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
        Key(
            "waiting_confirm_hours",
            whole(1, 168),
            "候补有空位时，保留多少小时供确认",
            "so many hours somebody on a waiting list has to confirm a place",
        ),
        Key(
            "cancel_deadline_hours",
            whole(0, 168),
            "开始前多少小时以内取消报名记为临时取消",
            "whoever withdraws less than so many hours before the start is marked as late",
        ),
        Key(
            "overlapping_sign_ups",
            one_of(*Overlapping),
            "同一时段能否报两场（不论哪个组织）：提醒，或不能",
            "whether one may sign up for two shifts at one time: warned of it, or refused",
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


assert {field.name for field in fields(Policy)} == {"number", *KEYS}  # noqa: S101 - one table, told twice
