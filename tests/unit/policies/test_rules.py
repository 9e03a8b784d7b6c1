"""The keys of a policy, what they take, and which version decides."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.errors import Invalid
from timebank.policies import rules
from timebank.policies.rules import BUILT_IN, KEYS, ScopeKind, Version

DAY = date(2026, 3, 1)


def version(number: int, kind: ScopeKind = ScopeKind.BANK, ref: str = "", **given: Any) -> Version:
    """Return a version of min_stay_minutes, with its number as value unless told otherwise."""
    fields = {"key": "min_stay_minutes", "value": number, "effective_on": DAY} | given
    return Version(number, kind, ref, fields["key"], fields["value"], fields["effective_on"])


@pytest.mark.rule("R01")
def test_built_in_set_counts_every_minute_and_rounds_down() -> None:
    """Without any version a credit is whole minutes, rounded down, from ten minutes on."""
    assert (BUILT_IN.credit_step_minutes, BUILT_IN.rounding, BUILT_IN.min_credit_minutes) == (1, "floor", 10)
    assert BUILT_IN.number == 0


def test_built_in_set_is_the_default_column_of_the_design() -> None:
    """The built-in values are the ones that the design's table gives as default."""
    assert BUILT_IN.credit_provenances == {"self_scan", "staff_scan", "supplement"}
    assert (BUILT_IN.daily_credit_cap_minutes, BUILT_IN.daily_review_minutes) == (None, 480)
    assert (BUILT_IN.approval, BUILT_IN.notice_days, BUILT_IN.walk_in) == ("clean_auto", 0, True)
    assert (BUILT_IN.min_stay_minutes, BUILT_IN.open_before_minutes, BUILT_IN.close_after_minutes) == (10, 30, 60)
    assert (BUILT_IN.geofence, BUILT_IN.reservation_hours, BUILT_IN.redeem_min_history_minutes) == ("off", 48, 0)
    assert (BUILT_IN.geofence_metres, BUILT_IN.service_consent) == (300, False)
    assert (BUILT_IN.storage_cap_minutes, BUILT_IN.balance_expiry, BUILT_IN.min_age) == (90_000, None, 14)


@pytest.mark.parametrize(
    ("key", "value", "kept"),
    [
        ("credit_step_minutes", 60, 60),
        ("credit_step_minutes", 30.0, 30),
        ("rounding", "floor", "floor"),
        ("min_credit_minutes", 0, 0),
        ("credit_provenances", ["staff_scan", "self_scan"], ["self_scan", "staff_scan"]),
        ("credit_provenances", [], []),
        ("daily_credit_cap_minutes", None, None),
        ("daily_credit_cap_minutes", 480, 480),
        ("daily_review_minutes", None, None),
        ("approval", "always", "always"),
        ("walk_in", False, False),
        ("redeem_min_history_minutes", 600, 600),
        ("min_stay_minutes", 0, 0),
        ("open_before_minutes", 1440, 1440),
        ("close_after_minutes", 0, 0),
        ("reservation_hours", 24, 24),
        ("reservation_hours", 8_784, 8_784),
        ("near_expiry_days", 30, 30),
        ("notice_days", 0, 0),
        ("notice_days", 30, 30),
        ("geofence", "off", "off"),
        ("geofence", "flag", "flag"),
        ("geofence", "enforce", "enforce"),
        ("geofence_metres", 50, 50),
        ("geofence_metres", 5_000, 5_000),
        ("min_age", 14, 14),
        ("min_age", 18, 18),
        ("service_consent", True, True),
        ("storage_cap_minutes", None, None),
        ("storage_cap_minutes", 90_000, 90_000),
        ("gift", "none", "none"),
        ("gift", "verified_relatives", "verified_relatives"),
    ],
)
def test_value_that_is_enforced_is_taken(key: str, value: Any, kept: Any) -> None:
    """A value that this version enforces is kept in its plain form."""
    assert rules.read_value(key, value) == kept


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("credit_step_minutes", 0),
        ("credit_step_minutes", 49.7),
        ("credit_step_minutes", "60"),
        ("credit_step_minutes", True),
        ("credit_step_minutes", None),
        ("credit_step_minutes", float("inf")),
        ("credit_step_minutes", float("nan")),
        ("credit_step_minutes", 10**400),
        ("rounding", "up"),
        ("rounding", ["floor"]),
        ("credit_provenances", "self_scan"),
        ("credit_provenances", ["self_scan", "self_scan"]),
        ("credit_provenances", ["hearsay"]),
        ("credit_provenances", [["self_scan"]]),
        ("daily_review_minutes", 1441),
        ("daily_credit_cap_minutes", 0),
        ("walk_in", 1),
        ("walk_in", "true"),
        ("approval", "never"),
        ("gift", "anybody"),
        ("storage_cap_minutes", 5_999),
        ("geofence", {"mode": "flag", "metres": 300}),
        ("geofence_metres", 49),
        ("geofence_metres", 5_001),
        ("geofence_metres", None),
        ("min_age", 13),
        ("min_age", 19),
        ("min_age", None),
        ("service_consent", "yes"),
        ("reservation_hours", 0),
        ("reservation_hours", 8_785),
        ("near_expiry_days", 0),
        ("near_expiry_days", 366),
        ("reservation_hours", None),
        ("min_stay_minutes", -1),
        ("notice_days", 31),
        ("notice_days", -1),
        ("notice_days", False),
        ("notice_days", 2.5),
        ("group_accounts", "donate_only"),
    ],
)
def test_value_that_makes_no_sense_is_refused(key: str, value: Any) -> None:
    """A value of the wrong kind or size is refused, pointing at it and saying what is taken."""
    with pytest.raises(Invalid) as refused:
        rules.read_value(key, value)
    assert [error["pointer"] for error in refused.value.errors] == ["/value"]


def test_unknown_key_is_refused() -> None:
    """A key outside the table is refused, pointing at the key."""
    with pytest.raises(Invalid) as refused:
        rules.read_value("price_per_hour", 8)
    assert refused.value.errors[0]["pointer"] == "/key"


def test_every_built_in_value_could_be_set() -> None:
    """Whoever has changed a value can set the built-in one again."""
    for key in KEYS.values():
        assert rules.read_value(key.name, rules.built_in(key.name)) == rules.built_in(key.name)


def test_every_key_is_described_in_both_languages() -> None:
    """Each key has a Chinese and an English description."""
    for key in KEYS.values():
        assert key.zh != key.en
        assert all(text.strip() for text in (key.zh, key.en))


def test_nearer_scope_wins_whatever_the_number() -> None:
    """Organisation beats deeper area beats area beats bank, in whatever order they were set."""
    bank, district = version(9), version(8, ScopeKind.AREA, "0573")
    street, organisation = version(7, ScopeKind.AREA, "0573.01"), version(6, ScopeKind.ORGANISATION, "some id")
    reaching = [street, bank, organisation, district]
    decided = []
    while reaching:
        winner = rules.chosen(reaching)["min_stay_minutes"]
        decided.append(winner.number)
        reaching.remove(winner)
    assert decided == [6, 7, 8, 9]


def test_later_day_wins_in_one_scope_and_then_the_number() -> None:
    """In one scope the value that took effect last decides; on one day the one that was set last."""
    early, late = version(2), version(1, effective_on=date(2026, 3, 2))
    assert rules.chosen([late, early])["min_stay_minutes"] is late
    again = version(3)
    assert rules.chosen([again, early])["min_stay_minutes"] is again


def test_policy_mixes_scopes_key_by_key() -> None:
    """Each key is resolved by itself, and the number is the largest that reaches the place."""
    policy = rules.policy_of(
        [
            version(4, key="walk_in", value=False),
            version(2, ScopeKind.ORGANISATION, "some id", key="credit_provenances", value=["self_scan"]),
        ]
    )
    assert (policy.walk_in, policy.credit_provenances, policy.number) == (False, {"self_scan"}, 4)
    assert policy.min_stay_minutes == BUILT_IN.min_stay_minutes


def test_explanation_names_every_key_and_its_origin() -> None:
    """Every key of the table is explained once, with the deciding version or none for the built-in value."""
    decided = version(5, key="walk_in", value=False)
    found = {item.key: item for item in rules.explained([decided])}
    assert set(found) == set(KEYS)
    assert (found["walk_in"].value, found["walk_in"].version) == (False, decided)
    assert (found["min_stay_minutes"].value, found["min_stay_minutes"].version) == (10, None)
    assert found["credit_provenances"].value == ["self_scan", "staff_scan", "supplement"]


def test_paths_above_are_the_steps_down_to_an_area() -> None:
    """An area is reached by values set for it and for every area above it; the bank by none."""
    assert rules.paths_above("0573.01.003") == ["0573", "0573.01", "0573.01.003"]
    assert rules.paths_above("") == []


SCOPES = st.sampled_from(
    [(ScopeKind.BANK, ""), (ScopeKind.AREA, "1"), (ScopeKind.AREA, "1.2"), (ScopeKind.ORGANISATION, "o")]
)


@given(
    given=st.lists(
        st.tuples(SCOPES, st.sampled_from(["walk_in", "min_stay_minutes"]), st.dates()), min_size=1, max_size=12
    ),
    order=st.randoms(use_true_random=False),
)
def test_choice_does_not_depend_on_the_order_of_reading(given: list[Any], order: Any) -> None:
    """However the database orders the rows, the same versions decide."""
    versions = [
        version(number, *scope, key=key, effective_on=day) for number, (scope, key, day) in enumerate(given, start=1)
    ]
    shuffled = versions.copy()
    order.shuffle(shuffled)
    assert rules.chosen(shuffled) == rules.chosen(versions)


def test_an_age_that_was_set_to_null_before_anything_looked_at_it_is_the_least() -> None:
    """What older versions took for the least age still means fourteen."""
    assert rules.policy_of([version(1, key="min_age", value=None)]).min_age == 14
