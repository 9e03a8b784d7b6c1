"""What may be organised, and when."""

from datetime import UTC, datetime, timedelta

import pytest

from timebank.activities import rules
from timebank.activities.rules import CATEGORY_NAMES, Category
from timebank.errors import Invalid

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)


@pytest.mark.rule("R12")
@pytest.mark.parametrize("forbidden", ["meeting", "office_duty", "training", "other"])
def test_whitelist_holds_only_volunteering(forbidden: str) -> None:
    """Meetings, office duty and training are no category, and there is no way round by "other"."""
    assert forbidden not in [str(category) for category in Category]


def test_every_category_has_a_chinese_name() -> None:
    """Each category of the whitelist can be shown."""
    assert set(CATEGORY_NAMES) == set(Category)


@pytest.mark.parametrize("length", [timedelta(microseconds=1), timedelta(hours=2), timedelta(hours=24)])
def test_shift_of_up_to_a_day_is_possible(length: timedelta) -> None:
    """A shift may last up to 24 hours, over midnight too."""
    rules.refuse_impossible_times(NOON, NOON + length)


@pytest.mark.parametrize("length", [timedelta(0), timedelta(hours=-1), timedelta(hours=24, microseconds=1)])
def test_shift_without_or_with_too_much_length_is_refused(length: timedelta) -> None:
    """A shift ends after it starts, within 24 hours; the refusal points at the end."""
    with pytest.raises(Invalid) as refused:
        rules.refuse_impossible_times(NOON, NOON + length)
    assert refused.value.errors[0]["pointer"] == "/ends_at"
