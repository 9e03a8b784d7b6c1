"""What is seen of numbers and dates by default."""

import pytest

from timebank.people.rules import masked_birth, masked_phone


@pytest.mark.rule("R39")
def test_a_telephone_number_shows_its_ends_and_a_birth_date_its_year() -> None:
    """138****1234; a short number, of which both ends would be nearly all, shows its last two digits."""
    assert [masked_phone(phone) for phone in ("13812341234", "057387001234", "110", None)] == [
        "138****1234",
        "057****1234",
        "****10",
        None,
    ]
    assert [masked_birth(year) for year in (1955, None)] == ["1955-**-**", None]
