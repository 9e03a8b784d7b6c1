"""How old somebody is, and what that asks for (rule R38; 浙江省志愿服务条例第九条). Pure.

Whoever has given no birth date counts as grown up: a volunteer signs in from WeChat and serves at once, and staff who see
a child at the door enter the date.
"""

from datetime import date

from timebank.errors import Invalid
from timebank.identity.errors import GuardianRequired, NotForMinors

ADULT = 18
CHILD = 14
"""Below this the law asks for a guardian even where data are concerned (PIPL 31), and no policy goes lower."""
OLDEST = 120


def age_on(birth_on: date, day: date) -> int:
    """Return the completed years of age (周岁) on a day; born on 29 February one grows older on 1 March."""
    return day.year - birth_on.year - ((day.month, day.day) < (birth_on.month, birth_on.day))


def is_under(age: int, birth_on: date | None, day: date) -> bool:
    """Whether somebody is known to be younger than ``age`` on a day."""
    return birth_on is not None and age_on(birth_on, day) < age


def latest_birth(age: int, day: date) -> date:
    """Return the last birth date of whoever is ``age`` on a day; born later, somebody ``is_under`` it."""
    in_leap_year = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - age, day=28 if in_leap_year else day.day)


def refuse_impossible_birth(birth_on: date, today: date) -> None:
    """Raise Invalid for a birth in the future, or one that makes somebody 120 or older."""
    if birth_on > today:
        raise Invalid(errors=[{"pointer": "/birth_on", "detail": "不能晚于今天。 Must not lie in the future."}])
    if age_on(birth_on, today) >= OLDEST:
        raise Invalid(errors=[{"pointer": "/birth_on", "detail": "年龄超出范围。 Older than anybody is."}])


def refuse_minor(
    *, birth_on: date | None, day: date, min_age: int, risky: bool, consented: bool, present: bool = True
) -> None:
    """Raise NotForMinors or GuardianRequired if somebody is too young to serve as they would.

    Under 18 a guardian has ``consented``; under ``min_age`` the guardian is ``present``, too; where it is ``risky``, nobody
    under 18 serves at all.
    """
    if birth_on is None or not is_under(ADULT, birth_on, day):
        return
    if risky:
        raise NotForMinors(adult_age=ADULT)
    missing = [] if consented else ["consent"]
    if not present and is_under(min_age, birth_on, day):
        missing.append("presence")
    if missing:
        raise GuardianRequired(missing=missing, min_age=min_age)
