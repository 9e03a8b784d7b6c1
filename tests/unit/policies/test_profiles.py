"""What real cities have ruled, as data."""

from datetime import timedelta

import pytest
from click.testing import Result
from flask import Flask

from tests.factories.organisations import an_area
from timebank import clock
from timebank.commands import cli
from timebank.database import in_unit_of_work
from timebank.policies import service
from timebank.policies.expiry import BalanceExpiry
from timebank.policies.keys import KEYS, read_value
from timebank.policies.profiles import profiles
from timebank.policies.rules import Policy


def _run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(cli, ["policies", *arguments])


def _policy(area_path: str = "", days: int = 0) -> Policy:
    at = clock.now() + timedelta(days=days)
    return in_unit_of_work(
        lambda: service.resolve(organisation_id=service.NIL, area_path=area_path, at=at), write=False
    )


@pytest.mark.parametrize("name", sorted(profiles()))
def test_every_value_of_a_profile_is_one_that_may_be_set(name: str) -> None:
    """A profile holds only what this version takes, and so keeps to, in its plain form."""
    for key, value in profiles()[name].values.items():
        assert read_value(key, value) == value


@pytest.mark.parametrize("name", sorted(profiles()))
def test_a_loaded_profile_holds_and_loads_only_once(app: Flask, name: str) -> None:
    """Every value is there from the day on; the second load changes nothing."""
    first = _run(app, "load", name)
    assert first.exit_code == 0, first.output
    for key, value in profiles()[name].values.items():
        assert getattr(_policy(), key) == KEYS[key].value_of(value)
    assert "changed=0" in _run(app, "load", name).output


def test_a_profile_takes_effect_on_its_day(app: Flask) -> None:
    """Until then the built-in set holds."""
    day = clock.day_of(clock.now()) + timedelta(days=10)
    assert _run(app, "load", "huangshan", "--effective-on", day.isoformat()).exit_code == 0
    assert _policy().credit_step_minutes == 1
    later = _policy(days=11)
    assert (later.credit_step_minutes, later.balance_expiry) == (30, BalanceExpiry(rolling_months=36))


def test_an_area_loads_what_is_its_own_to_rule(app: Flask) -> None:
    """What only the whole bank can rule is left out and named."""
    area = an_area()
    loaded = _run(app, "load", "huangshan", "--area", area.path)
    assert loaded.exit_code == 0, loaded.output
    assert "balance_expiry: " in loaded.output
    assert (_policy(area.path).credit_step_minutes, _policy(area.path).balance_expiry) == (30, None)
    assert _policy().credit_step_minutes == 1


def test_what_is_mistyped_is_refused(app: Flask) -> None:
    """No such profile, no such area, a day gone by: nothing changes."""
    assert _run(app, "load", "atlantis").exit_code == 2
    assert "no area" in _run(app, "load", "nanjing", "--area", "99.99").output
    assert _run(app, "load", "nanjing", "--effective-on", "2020-01-01").exit_code != 0
    assert _policy().number == 0


def test_profiles_are_listed_with_their_source(app: Flask) -> None:
    """An operator sees what a profile would set, and where it comes from."""
    shown = _run(app, "profiles").output
    assert "huangshan" in shown
    assert "三年有效" in shown
    assert "credit_step_minutes = 30" in shown
