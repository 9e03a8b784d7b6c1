"""Changing the keys: one rotation breaks nothing that is printed, the second ends what came before the first."""

import dataclasses

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.attendance import (
    NINE,
    a_morning_shift,
    minutes_past_nine,
    refusal_of,
    scan_in,
    screen_of,
    the_book,
)
from tests.factories.identity import a_person
from timebank.codes import rotation
from timebank.codes.book import CodeBook
from timebank.codes.errors import TokenInvalid
from timebank.commands import cli
from timebank.settings import SECRET_MIN_LENGTH, Settings


def test_a_rotation_puts_a_new_secret_before_the_newest() -> None:
    """Long enough to start with, never the same twice, and never more than two in all."""
    once = rotation.next_secrets(("b" * 40, "a" * 40))

    assert len(once) == 2
    assert once[1] == "b" * 40
    assert len(once[0]) >= SECRET_MIN_LENGTH
    assert rotation.next_secrets(("b" * 40,))[0] != once[0]


def test_codes_of_the_key_before_are_good_and_of_the_one_before_that_are_not(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through HTTP, with the settings that the command prints, one rotation after the other."""
    shift = a_morning_shift()
    secrets = app.extensions["timebank-settings"].secret_keys
    with minutes_past_nine(0):
        token = screen_of(shift)
    answers = []
    for _ in range(2):
        secrets = rotation.next_secrets(secrets)
        rotated = CodeBook(_settings_with(app, secrets).keys("codes"))
        monkeypatch.setitem(app.extensions, "timebank-codes", rotated)
        answers.append(scan_in(client, a_person(), shift, at=0, token=token))
    with minutes_past_nine(0):
        new = screen_of(shift)

    assert answers[0].status_code == 201
    assert refusal_of(answers[1]) == (422, "TOKEN_INVALID")
    assert scan_in(client, a_person(), shift, at=0, token=new).status_code == 201


def _settings_with(app: Flask, secrets: tuple[str, ...]) -> Settings:
    return dataclasses.replace(app.extensions["timebank-settings"], secret_keys=secrets)


def test_the_command_prints_the_next_setting(app: Flask) -> None:
    """One line to put into the environment; nothing has changed by asking."""
    before = the_book().poster(point="AAAAAAAA", serial=1)
    done = app.test_cli_runner().invoke(cli, ["codes", "rotate"])
    name, _, value = done.output.strip().partition("=")
    rotated = CodeBook(_settings_with(app, tuple(value.split(","))).keys("codes"))

    assert (done.exit_code, name) == (0, "TIMEBANK_SECRET_KEYS")
    assert rotated.read(before, now=NINE).reference == "AAAAAAAA"
    assert the_book().poster(point="AAAAAAAA", serial=1) == before
    with pytest.raises(TokenInvalid):
        the_book().read(rotated.poster(point="AAAAAAAA", serial=1), now=NINE)


def test_the_check_names_keys_and_never_shows_them(app: Flask) -> None:
    """Two live keys are in order; exit 0."""
    done = app.test_cli_runner().invoke(cli, ["codes", "check"])

    assert done.exit_code == 0
    assert [line.partition(": ")[2] for line in done.output.strip().split("\n")] == ["signs and verifies", "verifies"]
    assert not any(secret in done.output for secret in app.extensions["timebank-settings"].secret_keys)


@pytest.mark.parametrize("keys", [(b"a" * 32,), (b"a" * 32, b"a" * 32), (b"a" * 32, b"a" * 32, b"b" * 32)])
def test_one_key_is_not_enough_to_rotate_on(keys: tuple[bytes, ...]) -> None:
    """A single one, or the same one twice: the report says what to do; a third is named as retired."""
    assert not rotation.two_are_live(keys)
    assert "timebank codes rotate" in rotation.report(keys)
    assert ("retired" in rotation.report(keys)) == (len(keys) == 3)


def test_a_check_with_one_key_fails(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 1, for whoever watches it."""
    monkeypatch.setitem(app.extensions, "timebank-settings", _settings_with(app, ("only one secret " * 3,)))
    done = app.test_cli_runner().invoke(cli, ["codes", "check"])

    assert done.exit_code == 1
    assert "only one key is live" in done.output
