"""What a certificate says, how it is numbered, and how a number is read that somebody has typed."""

import json

import pytest

from tests.factories.certificates import a_statement, an_entry
from timebank.certificates.rules import Status, asked_for, by_provenance, hours, number_of, status_of
from timebank.records.rules import Provenance


@pytest.mark.parametrize(
    ("minutes", "printed"),
    [(1, "0.0"), (5, "0.0"), (6, "0.1"), (59, "0.9"), (60, "1.0"), (359, "5.9"), (90_000, "1500.0")],
)
@pytest.mark.rule("R01")
def test_hours_are_rounded_down_to_one_decimal(minutes: int, printed: str) -> None:
    """Nobody is certified a tenth of an hour that they did not serve."""
    assert hours(minutes) == printed


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("2026-000012-K7Q2MX", "2026-000012-K7Q2MX"),
        (" 2026 000012 k7q2mx ", "2026-000012-K7Q2MX"),
        ("２０２６－０００００１－Ｋ７Ｑ２ＭＸ", "2026-000001-K7Q2MX"),
        ("2026OOOO12K7Q2MX", "2026-000012-K7Q2MX"),
        ("2026-1234567-K7Q2MX", "2026-1234567-K7Q2MX"),
        ("0123456789abcdefghjkmnpqrs", "0123456789ABCDEFGHJKMNPQRS"),
        ("", None),
        ("2026", None),
        ("2026-00012-K7Q2MX", None),
        ("王秀英", None),
        ("2026-000012-K7Q2M\x00", None),
        ("9" * 600, None),
    ],
)
def test_a_number_is_read_as_tired_hands_type_it(typed: str, kept: str | None) -> None:
    """Blanks, hyphens, small and full-width letters and O for 0 do not matter; anything else is no number."""
    assert asked_for(typed) == kept


def test_a_number_says_the_year_its_place_in_it_and_what_nobody_can_guess() -> None:
    """The place has six digits, and more if it must."""
    assert number_of(year=2026, sequence=12, check="K7Q2MX") == "2026-000012-K7Q2MX"
    assert number_of(year=2026, sequence=1_234_567, check="K7Q2MX") == "2026-1234567-K7Q2MX"


@pytest.mark.rule("R16")
def test_a_revocation_is_above_everything() -> None:
    """What was revoked stays revoked, whatever becomes of its records."""
    assert status_of(revoked=False, superseded=False) is Status.VALID
    assert status_of(revoked=False, superseded=True) is Status.SUPERSEDED
    assert status_of(revoked=True, superseded=True) is Status.REVOKED
    assert status_of(revoked=True, superseded=False) is Status.REVOKED


def test_the_canonical_form_can_be_hashed_by_anybody() -> None:
    """JSON in UTF-8 with sorted keys and no blanks; every word of the certificate is in it."""
    statement = a_statement()
    said = json.loads(statement.canonical())

    assert statement.canonical().decode().startswith('{"entries":[{"activity_name":"社区食堂帮厨",')
    assert said["names"]["holder_name"] == "王秀英"
    assert said["entries"][0]["service_minutes"] == said["service_minutes"] == 125
    assert said["seal"] == {"n": 3, "hash": "ab" * 32}
    assert a_statement(seal_n=None).canonical() != statement.canonical()
    assert len(statement.digest()) == 64


def test_minutes_are_kept_apart_by_where_they_come_from() -> None:
    """Every provenance is named, also those without a minute (rule R09)."""
    entries = [an_entry(), an_entry(provenance=Provenance.SUPPLEMENT, service_minutes=30), an_entry()]

    assert by_provenance(entries) == {
        Provenance.SELF_SCAN: 250,
        Provenance.STAFF_SCAN: 0,
        Provenance.SUPPLEMENT: 30,
        Provenance.IMPORT: 0,
    }
