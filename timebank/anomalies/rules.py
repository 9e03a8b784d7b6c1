"""What looks wrong, from when on, and who may decide about it.

The thresholds are our own choice, from frauds that were published: stolen accounts and sold hours (四川 2023), one phone
for many people, hours entered in the office instead of scanned, coordinators who approve each other.
"""

from datetime import timedelta
from enum import StrEnum
from uuid import UUID, uuid5

from timebank.identity.rules import Role

LOOK_BACK = timedelta(days=3)
"""How far back a look for scans and records goes: an offline batch may come a day late, and a sweep may miss a day."""
SERVED_WITHIN = timedelta(days=14)
"""How long ago services may lie that are held against each other when one of them is new or was changed."""
BULK_WITHIN = timedelta(seconds=10)
BULK_PEOPLE = 5
"""So many different people scanned by one phone or one leader within ten seconds: nobody hands over cards so fast."""
CLOSE_TOGETHER = timedelta(minutes=5)
"""Two services at different organisations with less than this between them: nobody travels and signs in so fast."""
LONG_DAY_MINUTES = 720
"""Minutes of service on one day, all organisations together, from which on somebody looks, whatever the policy says."""
MUTUAL_WITHIN = timedelta(days=90)
PILING_WITHIN = timedelta(days=30)
PILING_SUPPLEMENTS = 10
PILING_PERCENT = 30
"""An organisation with at least so many supplements in 30 days, and so large a share of its records."""
MAX_NAMED = 50
"""So many records of an anomaly are named; ``count`` has them all."""

_NAMESPACE = UUID("9c0d2d8e-3a55-5b2c-8a8a-5f9b6f6d5a01")


class AnomalyKind(StrEnum):
    """What looks wrong."""

    SHARED_DEVICE = "shared_device"
    BULK_SCANS = "bulk_scans"
    OVERLAP = "overlap"
    OVER_DAILY = "over_daily"
    MUTUAL_APPROVAL = "mutual_approval"
    SUPPLEMENTS_PILING = "supplements_piling"


class Outcome(StrEnum):
    """What a person has decided; a decision may be taken up again, with a reason."""

    CLEARED = "cleared"
    CONFIRMED = "confirmed"
    REOPENED = "reopened"


class AnomalyState(StrEnum):
    """Where an anomaly stands."""

    OPEN = "open"
    CLEARED = "cleared"
    CONFIRMED = "confirmed"


ABOUT_STAFF = frozenset({AnomalyKind.MUTUAL_APPROVAL, AnomalyKind.SUPPLEMENTS_PILING})
"""What is about an organisation's own coordinators is decided by those above them."""

SENTENCES = {
    AnomalyKind.SHARED_DEVICE: (
        "同一部手机当天为 {count} 人扫码签到签退。",
        "One phone signed {count} people in or out on one day.",
    ),
    AnomalyKind.BULK_SCANS: (
        "10 秒内连续扫码 {count} 人。",
        "{count} people were scanned within ten seconds.",
    ),
    AnomalyKind.OVERLAP: (
        "同一人在两个组织的服务时间重叠或间隔不足 5 分钟。",
        "One person's services at two organisations overlap or have less than five minutes between them.",
    ),
    AnomalyKind.OVER_DAILY: (
        "同一人一天服务合计 {minutes} 分钟。",
        "{minutes} minutes of service of one person on one day.",
    ),
    AnomalyKind.MUTUAL_APPROVAL: (
        "两名工作人员互相审核对方的服务记录，共 {count} 条。",
        "Two members of staff approved each other's records, {count} in all.",
    ),
    AnomalyKind.SUPPLEMENTS_PILING: (
        "近 30 天补录 {count} 条，占全部记录的 {percent}%。",
        "{count} supplements in 30 days, {percent}% of all records.",
    ),
}
"""What looks wrong, in one sentence, in Chinese and English."""


def anomaly_id(kind: AnomalyKind, *parts: object) -> UUID:
    """Return the id of an anomaly: the same whoever finds it, and however often."""
    return uuid5(_NAMESPACE, ":".join([kind, *map(str, parts)]))


def deciders(kind: AnomalyKind) -> tuple[Role, ...]:
    """Return the roles that decide about a kind of anomaly."""
    return (Role.AUDITOR, Role.ADMIN) if kind in ABOUT_STAFF else (Role.COORDINATOR, Role.ADMIN)
