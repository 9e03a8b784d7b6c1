"""What may be organised as volunteering, the states of shifts and sign-ups, and what a shift must satisfy."""

from datetime import datetime, timedelta
from enum import StrEnum

from timebank.errors import Invalid

MAX_CAPACITY = 10_000
MAX_LENGTH = timedelta(hours=24)
POINT_LENGTH = 8
MAX_NOTICE = 1_000
"""Characters of a notice of risks."""
MAX_ROLE_NAME = 40
MAX_ROLES = 12


class Category(StrEnum):
    """The whitelist of rule R12: only volunteering is recorded (民政部令第67号第十九条).

    Meetings, office duty and training are on no such list, and there is no "other".
    """

    ELDER_CARE = "elder_care"
    CHILD_CARE = "child_care"
    DISABILITY_AID = "disability_aid"
    POVERTY_RELIEF = "poverty_relief"
    COMMUNITY = "community"
    ENVIRONMENT = "environment"
    CULTURE_SPORT = "culture_sport"
    EDUCATION = "education"
    HEALTH = "health"
    LEGAL_AID = "legal_aid"
    PUBLIC_SAFETY = "public_safety"
    EMERGENCY = "emergency"
    LARGE_EVENT = "large_event"
    CHARITY_SHOP = "charity_shop"


CATEGORY_NAMES = {
    Category.ELDER_CARE: "为老服务",
    Category.CHILD_CARE: "关爱未成年人",
    Category.DISABILITY_AID: "助残服务",
    Category.POVERTY_RELIEF: "济困帮扶",
    Category.COMMUNITY: "社区邻里",
    Category.ENVIRONMENT: "生态环保",
    Category.CULTURE_SPORT: "文化体育",
    Category.EDUCATION: "支教助学",
    Category.HEALTH: "医疗卫生",
    Category.LEGAL_AID: "法律援助",
    Category.PUBLIC_SAFETY: "平安文明",
    Category.EMERGENCY: "应急救援",
    Category.LARGE_EVENT: "大型赛会",
    Category.CHARITY_SHOP: "公益仓服务",
}


class ShiftState(StrEnum):
    """Whether a shift takes place."""

    OPEN = "open"
    CANCELLED = "cancelled"


class SignUpState(StrEnum):
    """Whether a sign-up holds a place."""

    LIVE = "live"
    WITHDRAWN = "withdrawn"


def refuse_impossible_times(starts_at: datetime, ends_at: datetime) -> None:
    """Raise Invalid unless a shift ends after it starts, within 24 hours."""
    if ends_at <= starts_at:
        raise Invalid(errors=[{"pointer": "/ends_at", "detail": "须晚于开始时间。 Must lie after starts_at."}])
    if ends_at - starts_at > MAX_LENGTH:
        raise Invalid(errors=[{"pointer": "/ends_at", "detail": "一场最长 24 小时。 A shift lasts 24 hours at most."}])
