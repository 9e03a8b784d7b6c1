"""`timebank staff`: accounts from the terminal."""

from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.factories.calls import body_of, problem
from tests.factories.organisations import an_organisation
from tests.factories.staff import SignedInStaff, a_staff_account, by_password
from timebank.commands import cli
from timebank.database import in_unit_of_work, session
from timebank.identity.audit_models import AuditNote
from timebank.identity.rules import Grant, Role

WHY = ("--reason", "岗位调整")


def run(app: Flask, *arguments: str) -> Result:
    """Run a command."""
    result: Result = app.test_cli_runner().invoke(cli, ["staff", *arguments])
    return result


def test_an_operator_keeps_staff_when_nobody_can_sign_in(app: Flask, client: FlaskClient) -> None:
    """Disable, enable, grant, withdraw, reset, sign out: each at once, and each noted with its reason."""
    organisation = an_organisation()
    a_staff_account("boss", Grant(Role.ADMIN, area_path=""))
    who = a_staff_account("zhou", Grant(Role.COUNTER, organisation_id=organisation.id)).id
    at = ("--role", "coordinator", "--organisation", str(organisation.id), *WHY)
    zhou = SignedInStaff(client, "zhou")

    assert run(app, "grant", "zhou", *at).exit_code == 0
    assert body_of(zhou.get("/me"))["person"]["roles"] == ["volunteer", "coordinator", "counter"]
    assert run(app, "withdraw", "zhou", *at).exit_code == 0
    assert run(app, "withdraw", "zhou", *at).exit_code == 2
    assert run(app, "sign-out", "zhou", *WHY).exit_code == 0
    assert problem(zhou.get("/me")) == (401, "SESSION_EXPIRED")
    assert run(app, "disable", "zhou", *WHY).exit_code == 0
    assert problem(by_password(client, "zhou")) == (403, "PERSON_NOT_ACTIVE")
    listed = run(app, "list").output.splitlines()
    assert listed[1] == f"zhou {who} disabled counter@{organisation.id}"
    assert run(app, "enable", "zhou", *WHY).exit_code == 0
    told = run(app, "reset", "zhou", *WHY).output.strip()
    assert by_password(client, "zhou", told, new_password="a word of one's own").status_code == 200

    kept = select(AuditNote.verb).where(AuditNote.person_id == who).order_by(AuditNote.noted_at, AuditNote.id)
    verbs = in_unit_of_work(lambda: list(session.scalars(kept)), write=False)
    assert verbs == ["approve", "end", "revoke", "revoke", "lift", "change"]


def test_what_the_terminal_refuses(app: Flask) -> None:
    """A name that is nobody's, a scope that is none or two, a second factor that is not there, the last administrator."""
    a_staff_account("boss", Grant(Role.ADMIN, area_path=""))

    assert run(app, "disable", "nobody", *WHY).exit_code == 2
    assert run(app, "grant", "boss", "--role", "counter", *WHY).exit_code == 2
    assert type(run(app, "end-second-factor", "boss", *WHY).exception).__name__ == "SecondFactorStands"
    assert type(run(app, "disable", "boss", *WHY).exception).__name__ == "LastAdmin"
    assert type(run(app, "grant", "boss", "--role", "counter", "--area", "9.9", *WHY).exception).__name__ == "Invalid"
