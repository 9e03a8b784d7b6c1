"""How old somebody is on a day, and what that asks for."""

from datetime import date

import pytest

from timebank.errors import Invalid
from timebank.identity.ages import age_on, refuse_impossible_birth, refuse_minor
from timebank.identity.errors import GuardianRequired, NotForMinors

DAY = date(2026, 11, 2)


@pytest.mark.parametrize(
    ("birth_on", "day", "age"),
    [
        (date(2012, 11, 2), DAY, 14),
        (date(2012, 11, 3), DAY, 13),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (DAY, DAY, 0),
    ],
)
def test_one_is_older_from_the_birthday_on(birth_on: date, day: date, age: int) -> None:
    """Completed years count, from the day itself; a leap day's child is older on 1 March."""
    assert age_on(birth_on, day) == age


@pytest.mark.parametrize("birth_on", [date(2026, 11, 3), date(1906, 11, 2), date(1, 1, 1)])
def test_a_birth_that_cannot_be_is_refused(birth_on: date) -> None:
    """The future and 120 years are out."""
    with pytest.raises(Invalid) as refused:
        refuse_impossible_birth(birth_on, DAY)
    assert refused.value.errors[0]["pointer"] == "/birth_on"


@pytest.mark.parametrize("birth_on", [DAY, date(1906, 11, 3)])
def test_a_birth_that_can_be_is_taken(birth_on: date) -> None:
    """Today, and 119 years ago."""
    refuse_impossible_birth(birth_on, DAY)


@pytest.mark.rule("R38")
@pytest.mark.parametrize(
    ("birth_on", "min_age", "consented", "present", "missing"),
    [
        (date(2012, 11, 3), 14, True, False, ["presence"]),
        (date(2012, 11, 3), 14, False, True, ["consent"]),
        (date(2012, 11, 3), 14, False, False, ["consent", "presence"]),
        (date(2012, 11, 2), 14, False, True, ["consent"]),
        (date(2012, 11, 2), 18, True, False, ["presence"]),
        (date(2008, 11, 3), 14, False, True, ["consent"]),
    ],
)
def test_a_minor_needs_a_guardian(
    birth_on: date, min_age: int, consented: bool, present: bool, missing: list[str]
) -> None:
    """Under 18 one consents; under the policy's age one is there as well."""
    with pytest.raises(GuardianRequired) as refused:
        refuse_minor(birth_on=birth_on, day=DAY, min_age=min_age, risky=False, consented=consented, present=present)
    assert refused.value.context == {"missing": missing, "min_age": min_age}


@pytest.mark.parametrize(
    ("birth_on", "consented", "present"),
    [
        (None, False, False),
        (date(2008, 11, 2), False, False),
        (date(2012, 11, 2), True, False),
        (date(2012, 11, 3), True, True),
    ],
)
def test_who_is_old_enough_or_accompanied_may_serve(birth_on: date | None, consented: bool, present: bool) -> None:
    """Of age, of unknown age, with consent from fourteen on, or with a guardian there."""
    refuse_minor(birth_on=birth_on, day=DAY, min_age=14, risky=False, consented=consented, present=present)


@pytest.mark.rule("R38")
def test_no_minor_serves_where_it_is_risky() -> None:
    """Whoever consents and is there: not a day before the eighteenth birthday."""
    with pytest.raises(NotForMinors):
        refuse_minor(birth_on=date(2008, 11, 3), day=DAY, min_age=14, risky=True, consented=True, present=True)
    refuse_minor(birth_on=date(2008, 11, 2), day=DAY, min_age=14, risky=True, consented=False, present=False)
