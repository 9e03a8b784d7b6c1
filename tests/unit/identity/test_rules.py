"""Numbers, names and grants of people: pure rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.database import NIL
from timebank.identity.rules import Actor, Grant, Role, luhn_digit, masked_name, new_volunteer_no


@pytest.mark.rule("R39")
@pytest.mark.parametrize(
    ("name", "shown"), [("王秀英", "王**"), ("李四", "李*"), ("欧阳修远", "欧**"), ("Z", "Z*"), ("😀😀😀😀", "😀**")]
)
def test_names_are_masked(name: str, shown: str) -> None:
    """Only the first character is shown, and not how long a name is."""
    assert masked_name(name) == shown


@pytest.mark.rule("R18")
def test_volunteer_numbers_check_themselves() -> None:
    """Ten digits, all different, the last a check digit over the others."""
    numbers = {new_volunteer_no() for _ in range(200)}

    assert len(numbers) == 200
    for number in numbers:
        assert len(number) == 10
        assert number[-1] == str(luhn_digit(number[:-1]))


def test_the_check_digit_is_luhn_s() -> None:
    """The example that everybody uses."""
    assert luhn_digit("7992739871") == 3


@given(digits=st.text("0123456789", min_size=1, max_size=20), place=st.integers(0, 19), wrong=st.integers(1, 9))
def test_a_mistyped_digit_never_checks(digits: str, place: int, wrong: int) -> None:
    """Whichever single digit is mistyped, the check digit changes."""
    at = place % len(digits)
    mistyped = digits[:at] + str((int(digits[at]) + wrong) % 10) + digits[at + 1 :]

    assert luhn_digit(mistyped) != luhn_digit(digits)


def test_everybody_is_a_volunteer() -> None:
    """Role names begin with volunteer, and each granted role is named once."""
    twice = Actor(
        NIL, (Grant(Role.COUNTER, area_path="1"), Grant(Role.COUNTER, area_path="2"), Grant(Role.ADMIN, area_path=""))
    )

    assert twice.role_names() == ["volunteer", "admin", "counter"]
    assert twice.holds(Role.COUNTER, Role.AUDITOR)
    assert not twice.holds(Role.AUDITOR)
