"""Kinds of areas, organisations and sites, and how paths tell what lies inside what."""

from dataclasses import dataclass
from enum import StrEnum

MAX_LEVEL = 4
MICRODEGREES = 1_000_000


class AreaKind(StrEnum):
    """区 · 街道 · 社区 · 网格: the four levels of the tree (rule R40)."""

    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    GRID = "grid"


class OrganisationKind(StrEnum):
    """登记 · 备案 · 未备案."""

    REGISTERED = "registered"
    FILED = "filed"
    UNFILED = "unfiled"


class MemberState(StrEnum):
    """申请加入 · 成员 · 已结束."""

    ASKED = "asked"
    MEMBER = "member"
    ENDED = "ended"


class SiteKind(StrEnum):
    """What a site is for: 活动场地, 公益仓, 捐赠点."""

    VENUE = "venue"
    SHOP = "shop"
    DROP_POINT = "drop_point"


class Sex(StrEnum):
    """性别 of Order 67."""

    MALE = "male"
    FEMALE = "female"


MAX_LIST = 10
MAX_SKILL = 60
MAX_SKILLS_KEPT = 700
"""Characters of somebody's skills as they are kept: a JSON list."""
BETWEEN_SKILLS = "、,，;；"
"""What parts skills from each other in a cell of a roster: none stands in a skill."""
HIDDEN_IN_SKILLS = "\x00-\x1f\x7f-\x9f\ufffe\uffff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Ranges of characters that a roster refuses: control characters, line ends, marks that turn the direction of writing."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a site is: WGS 84, in millionths of a degree (eleven centimetres)."""

    latitude: int
    longitude: int

    @classmethod
    def of_degrees(cls, *, latitude: float, longitude: float) -> "Place":
        """Return the place of a latitude and a longitude in degrees."""
        return cls(round(latitude * MICRODEGREES), round(longitude * MICRODEGREES))


def kind_of_level(level: int) -> AreaKind:
    """Return the kind of an area at ``level`` (1 is the district)."""
    return list(AreaKind)[level - 1]


def path_below(parent: str | None, code: str) -> str:
    """Return the path of an area: ``0573.01.003.12`` is grid 12 of community 003 of street 01 of district 0573."""
    return f"{parent}.{code}" if parent else code


def covers(scope: str, path: str) -> bool:
    """Whether an area path lies in the subtree of ``scope``; the empty scope covers the whole bank."""
    return not scope or path == scope or path.startswith(scope + ".")
