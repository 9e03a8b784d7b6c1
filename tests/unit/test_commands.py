"""The console script: what operators do from a terminal."""

import dataclasses
import socket
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError, OperationalError

from tests.conftest import SECRETS
from tests.factories.identity import signed_in
from tests.factories.organisations import an_organisation
from tests.factories.shop import a_member, a_stocked_shop, account_of, reserved
from timebank import clock, commands, serving, specification, sweeping
from timebank.commands import cli
from timebank.database import session
from timebank.errors import Invalid
from timebank.identity.errors import UsernameTaken
from timebank.ledger.models import Account
from timebank.settings import Environment, Settings, UnsafeSettings


def run(app: Flask, *arguments: str, text: str | None = None) -> Result:
    """Run one command of the console script on the test's application."""
    result: Result = app.test_cli_runner().invoke(cli, arguments, input=text)
    return result


def test_a_created_staff_member_can_sign_in(app: Flask, client: FlaskClient) -> None:
    """`user create` asks for a password and grants one role in one scope."""
    organisation = an_organisation()
    options = [
        "--username",
        "shen",
        "--name",
        "沈老师",
        "--role",
        "coordinator",
        "--organisation",
        str(organisation.id),
    ]

    made = run(app, "user", "create", *options, text="a long password\na long password\n")

    assert made.exit_code == 0, made.output
    body = {"username": "shen", "password": "a long password"}
    answer = client.post("/api/v1/auth/password", json=body).json
    assert answer["person"]["roles"] == ["volunteer", "coordinator"]
    me = client.get("/api/v1/me", headers={"Authorization": f"Bearer {answer['access_token']}"}).json
    assert me["roles"][1]["organisation_id"] == str(organisation.id)


@pytest.mark.parametrize("scope", [[], ["--organisation", "0" * 32, "--area", ""]])
def test_a_role_needs_exactly_one_scope(app: Flask, scope: list[str]) -> None:
    """Neither a role everywhere by accident nor one in two places."""
    options = ["--username", "x", "--name", "x", "--role", "admin", "--password", "a long password"]

    assert run(app, "user", "create", *options, *scope).exit_code == 2


def test_a_part_of_the_sweep_that_fails_keeps_none_from_its_work(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stands before or after it is done; the answer names it, and the exit code tells cron."""
    shop, soap = a_stocked_shop(1, price_minutes=60)
    reserved(a_member(60).id, shop.id, (soap.id, 1))
    monkeypatch.setitem(sweeping.PARTS, "attendances", lambda: 1 // 0)
    monkeypatch.setitem(sweeping.PARTS, "replies", lambda: 7)
    with clock.at(clock.now() + timedelta(hours=49)):
        swept = run(app, "sweep")
    assert swept.exit_code == 1
    assert {"redemptions=1", "attendances=failed", "replies=7"} <= set(swept.output.split())


def test_sweep_writes_what_is_due(app: Flask, client: FlaskClient) -> None:
    """A reservation that nobody fetched gives its minutes and goods back, also in the books."""
    shop, soap = a_stocked_shop(1, price_minutes=60)
    zhang = a_member(60)
    reserved(zhang.id, shop.id, (soap.id, 1))

    with clock.at(clock.now() + timedelta(hours=49)):
        swept = run(app, "sweep")

        assert swept.exit_code == 0, swept.output
        assert "redemptions=1" in swept.output
        assert "redemptions=0" in run(app, "sweep").output
        assert account_of(zhang.id).held_minutes == 0
        goods = client.get(f"/api/v1/goods/{soap.id}", headers=signed_in(zhang)).json
        assert goods["availability"] == [{"site_id": str(shop.id), "available": 1}]


def test_verify_and_audit_say_yes_to_honest_books(app: Flask) -> None:
    """Both proofs exit 0 where nothing is wrong."""
    shop, soap = a_stocked_shop(3)
    reserved(a_member(600).id, shop.id, (soap.id, 2))

    for command in (
        ["ledger", "verify"],
        ["ledger", "verify", "--json"],
        ["shop", "audit"],
        ["shop", "audit", "--json"],
    ):
        result = run(app, *command)
        assert result.exit_code == 0, result.output


def test_the_specification_is_written_and_compared(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`openapi write` writes both files; `--check` names the stale ones and writes nothing."""
    monkeypatch.setattr(specification, "FOLDER", tmp_path)

    stale = run(app, "openapi", "write", "--check")
    assert stale.exit_code == 1
    assert "openapi.json, problems.md" in stale.output
    assert list(tmp_path.iterdir()) == []

    assert run(app, "openapi", "write").exit_code == 0
    assert run(app, "openapi", "write", "--check").exit_code == 0
    (tmp_path / "problems.md").write_text("old", encoding="utf-8")
    assert run(app, "openapi", "write", "--check").output.count("problems.md") == 1


def test_the_demo_may_not_be_seeded_in_production(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`seed demo` refuses outside the demo environment."""
    monkeypatch.setitem(app.extensions, "timebank-settings", dataclasses.replace(settings, env=Environment.PRODUCTION))

    refused = run(app, "seed", "demo")

    assert refused.exit_code == 1
    assert "TIMEBANK_ENV=demo" in refused.output
    assert session.query(Account).count() == 4
    session.rollback()


def test_unsafe_settings_end_with_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short secret stops every command, naming the variable and not its value."""
    monkeypatch.setenv("TIMEBANK_SECRET_KEYS", "short")
    monkeypatch.setattr("sys.argv", ["timebank", "run"])

    with pytest.raises(SystemExit) as stopped:
        commands.main()

    assert "TIMEBANK_SECRET_KEYS" in str(stopped.value)
    assert "short" not in str(stopped.value)


def test_gunicorn_takes_connections_for_each_worker(settings: Settings) -> None:
    """With several workers each accepts for itself; with one there is nothing to share."""
    one = serving.gunicorn(dataclasses.replace(settings, workers=1))
    two = serving.gunicorn(dataclasses.replace(settings, workers=2, database_url="postgresql://x"))

    assert "--reuse-port" not in one
    assert "--reuse-port" in two
    assert "gthread" in one


def test_the_greeting_names_the_demo_s_users_in_the_demo_only(settings: Settings) -> None:
    """The first screen says what to open and who may sign in; in production it names nobody."""
    assert "demo:zhang" in serving.greeting(settings)
    production = dataclasses.replace(settings, env=Environment.PRODUCTION)
    assert "demo" not in serving.greeting(production).replace(str(production.home), "")
    assert all(secret not in serving.greeting(settings) for secret in SECRETS)


@pytest.mark.parametrize("scope", [["--organisation", "0" * 32], ["--area", "no.such"]])
def test_a_mistyped_scope_is_refused(app: Flask, scope: list[str]) -> None:
    """Nobody is enrolled who could sign in and do nothing."""
    options = ["--username", "x", "--name", "x", "--role", "admin", "--password", "a long password"]

    refused = run(app, "user", "create", *options, *scope)

    assert refused.exit_code == 2
    assert "there is no" in refused.output


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (UsernameTaken(), f"timebank: USERNAME_TAKEN: {UsernameTaken.detail} · {UsernameTaken.detail_en}"),
        (
            Invalid(errors=[{"pointer": "/birth_on", "detail": "不能晚于今天。 Not after today."}]),
            "/birth_on: 不能晚于今天。",
        ),
        (IntegrityError("", {}, Exception("UNIQUE constraint failed: identity_password.username")), "USERNAME_TAKEN"),
        (OperationalError("", {}, Exception("unable to open database file")), "unable to open database file"),
    ],
)
def test_what_an_operator_can_put_right_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, trouble: Exception, told: str
) -> None:
    """A taken user name and a database that is not there end a command in a sentence."""

    def fail() -> None:
        raise trouble

    monkeypatch.setattr(commands, "cli", fail)
    with pytest.raises(SystemExit) as stopped:
        commands.main()
    assert told in str(stopped.value)
    assert "\n" not in str(stopped.value)


@pytest.mark.parametrize("shares_the_port", [False, True])
def test_a_taken_port_is_told_before_anything_is_touched(settings: Settings, shares_the_port: bool) -> None:
    """A second start says that it cannot listen, also where the first one's workers share their port."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shares_the_port))
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = dataclasses.replace(settings, port=other.getsockname()[1], home=Path("never made"))
        with pytest.raises(UnsafeSettings, match="TIMEBANK_PORT: cannot listen at"):
            serving.run(taken)


@pytest.mark.parametrize(("ending", "status"), [("sys.exit(3)", 3), ("os.kill(os.getpid(), 9)", 137)])
def test_the_server_s_end_is_passed_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, ending: str, status: int
) -> None:
    """The exit status is gunicorn's; one that was killed is told as a shell tells it."""
    command = [sys.executable, "-c", f"import os, sys; {ending}"]
    monkeypatch.setattr(serving, "gunicorn", lambda _: command)
    monkeypatch.setattr(serving.signal, "signal", lambda *_: None)
    assert serving.serve(settings) == status


def test_the_server_uses_the_same_files_wherever_it_is_started(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What was given relative to the operator's folder is given to the server, whose folder is another, as it was meant."""
    told = tmp_path / "told"
    look = f"import os, pathlib; pathlib.Path({str(told)!r}).write_text(os.environ['TIMEBANK_HOME'] + os.environ['TIMEBANK_DATABASE_URL'])"
    monkeypatch.setattr(serving, "gunicorn", lambda _: [sys.executable, "-c", look])
    monkeypatch.setattr(serving.signal, "signal", lambda *_: None)
    assert serving.serve(settings) == 0
    assert told.read_text() == str(settings.home) + settings.database_url
