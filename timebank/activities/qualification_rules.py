"""What an activity or a role may ask for: qualifications and skills that staff have seen a document of, or have seen. Pure.

"Where the law asks for a qualification, the volunteer has it" (志愿服务条例 16; rule R14).
"""

from collections.abc import Iterable
from enum import StrEnum

MAX_REQUIRED = 300
"""Characters of a list of requirements as it is kept."""


class Qualification(StrEnum):
    """What can be asked for. The first ones are certificates; of the last ones staff have seen that somebody can do it."""

    SOCIAL_WORKER = "social_worker"
    DOCTOR = "doctor"
    NURSE = "nurse"
    CARE_WORKER = "care_worker"
    FIRST_AID = "first_aid"
    COUNSELLOR = "counsellor"
    LAWYER = "lawyer"
    TEACHER = "teacher"
    DRIVER = "driver"
    ELECTRICIAN = "electrician"
    LIFEGUARD = "lifeguard"
    FOOD_HEALTH = "food_health"
    HAIRCUT = "haircut"
    COOKING = "cooking"
    SIGN_LANGUAGE = "sign_language"
    REPAIR = "repair"


QUALIFICATION_NAMES = {
    Qualification.SOCIAL_WORKER: "社会工作者证",
    Qualification.DOCTOR: "执业医师证",
    Qualification.NURSE: "护士执业证",
    Qualification.CARE_WORKER: "养老护理员证",
    Qualification.FIRST_AID: "救护员证",
    Qualification.COUNSELLOR: "心理咨询资质",
    Qualification.LAWYER: "律师执业证",
    Qualification.TEACHER: "教师资格证",
    Qualification.DRIVER: "驾驶证",
    Qualification.ELECTRICIAN: "电工证",
    Qualification.LIFEGUARD: "救生员证",
    Qualification.FOOD_HEALTH: "食品从业健康证",
    Qualification.HAIRCUT: "理发技能",
    Qualification.COOKING: "烹饪技能",
    Qualification.SIGN_LANGUAGE: "手语",
    Qualification.REPAIR: "家电维修技能",
}


def as_text(required: Iterable[str]) -> str | None:
    """Return requirements as they are kept: in one order, each once; None for none."""
    return ",".join(sorted(set(required))) or None


def from_text(text: str | None) -> frozenset[Qualification]:
    """Return the requirements that were kept."""
    return frozenset(Qualification(kind) for kind in text.split(",")) if text else frozenset()


def as_list(text: str | None) -> list[str]:
    """Return the requirements that were kept, in order, for an answer."""
    return sorted(from_text(text))


def named(kinds: Iterable[Qualification]) -> str:
    """Return kinds as a sentence names them, in Chinese."""
    return "、".join(QUALIFICATION_NAMES[kind] for kind in sorted(kinds))
