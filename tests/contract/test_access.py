"""Who may call which route: the whole route table, crossed with every role, held to the table in access.txt."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from tests.contract.bodies import body_for
from tests.contract.test_routes import address
from tests.factories.devices import a_device, a_screen
from tests.factories.identity import a_person, a_staff_member, an_admin, signed_in
from tests.factories.organisations import a_shop
from timebank.database import in_unit_of_work, new_id
from timebank.identity import service, sessions
from timebank.identity.rules import Role
from timebank.web import tokens

TABLE = Path(__file__).with_name("access.txt")
MARKS = {
    "V": Role.VOLUNTEER,
    "C": Role.COUNTER,
    "O": Role.COORDINATOR,
    "A": Role.AUDITOR,
    "M": Role.ADMIN,
}
ASKED_IN_VAIN = {"GET /pool", "POST /check-ins", "POST /check-ins/batch", "POST /check-outs", "POST /supplements"}
"""What nothing good can be asked of from the schema alone: a value is refused before the session is asked about."""
PARAMETER = re.compile(r"<(?:[a-z]+(?:\([^)]*\))?:)?(\w+)>")


def table() -> dict[str, str]:
    """Return what the table says: who may, by method and path."""
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    rows = [line.split(maxsplit=2) for line in lines]
    return {f"{method} {path}": marks for method, path, marks in rows}


def routes(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Yield every route of the API as the table names it, its method, and an address that it matches."""
    for rule in app.url_map.iter_rules():
        yield from routes_of(app, rule)


def routes_of(app: Flask, rule: Rule) -> Iterator[tuple[str, str, str]]:
    """Yield the same of one rule: a route for each method."""
    if rule.rule.startswith("/api/v1"):
        path = PARAMETER.sub(r"<\1>", rule.rule.removeprefix("/api/v1"))
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield f"{method} {path}", method, address(app, rule)


def test_every_route_has_its_row(app: Flask) -> None:
    """Nobody adds a route without saying who may call it, and no row outlives its route."""
    there = {name for name, _, _ in routes(app)}

    assert there - set(table()) == set(), "these routes have no row in tests/contract/access.txt"
    assert set(table()) - there == set(), "these rows of tests/contract/access.txt have no route"


def test_every_role_comes_in_where_the_table_says_and_nowhere_else(app: Flask, client: FlaskClient) -> None:
    """Each cell: 401 without a token, 403 FORBIDDEN for a role that may not, and for one that may neither of the two.

    What a role that comes in is told of an empty body and an id that is nowhere (422, 404, 409) is not asked here.
    """
    shop = a_shop()
    staff = {
        mark: a_person().id if mark == "V" else a_staff_member(role, organisation_id=shop.organisation_id).person_id
        for mark, role in MARKS.items()
    }
    devices = {"nobody": {}, "device": a_device(shop).headers, "screen": a_screen(shop).headers}
    rows, wrong = table(), []
    for name, method, path in routes(app):
        marks = rows[name]
        for caller in _callers(marks):
            # A session of its own for each request: one of them is signing out.
            headers = devices[caller] if caller in devices else signed_in(staff[caller])
            key = {"Idempotency-Key": str(new_id())}
            answer = client.open(path, method=method, json={}, headers=headers | key, buffered=True)
            told, expected = _told(answer), _expected(marks, caller)
            if told != expected:
                wrong.append(f"{name}: {caller} should be told {expected}, and is told {told}")

    assert not wrong, "\n".join(wrong)


def _callers(marks: str) -> tuple[str, ...]:
    """Return who calls: every role, or one for all of them where a volunteer may; and somebody without a token."""
    if marks == "public":
        return ()
    if "device" in marks or "screen" in marks:
        return ("nobody", "device", "screen", *("V" if "V" in marks else ""))
    return ("nobody", "V") if marks.startswith("V") else ("device", *MARKS)


def _expected(marks: str, caller: str) -> str:
    if caller in MARKS:
        return "come in" if caller in marks.split() else "403"
    comes_in = {"nobody": (), "device": ("device",), "screen": ("device", "screen")}[caller]
    if any(word in marks.split() for word in comes_in):
        return "come in"
    return "403" if caller == "device" and "screen" in marks.split() else "401"


def _told(answer: Any) -> str:
    """Return 401, 403 for what a guard refuses, or that the caller came in, whatever became of the request then."""
    code = (answer.get_json(silent=True) or {}).get("code") if answer.status_code >= 400 else None
    if answer.status_code == 401:
        return "401"
    return "403" if code in {"FORBIDDEN", "DEVICE_NOT_FOR_THIS"} else "come in"


def test_a_session_that_is_ended_opens_nothing(app: Flask, client: FlaskClient) -> None:
    """What needs no role, asked for with a body that would do: 401, whichever process has ended it; but for signing out."""
    boss = an_admin()
    opened = in_unit_of_work(lambda: service.sign_in(person_id=boss.person_id))
    token = tokens.issue(person_id=opened.person.id, session_id=opened.session_id)
    in_unit_of_work(lambda: sessions.end_all(person_id=opened.person.id))
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "ended"}
    rows, told = table(), {}
    for rule in app.url_map.iter_rules():
        for name, method, path in routes_of(app, rule):
            if rows[name].startswith("V"):  # by a role somebody comes in with the statement that asks for both
                view: Any = app.view_functions[rule.endpoint]
                view = getattr(view.view_class, method.lower()) if hasattr(view, "view_class") else view
                answer = client.open(path, method=method, json=body_for(view, {}), headers=headers, buffered=True)
                told[name] = answer.get_json(silent=True).get("code") if answer.data else answer.status

    others = {name: code for name, code in told.items() if code not in {"SESSION_EXPIRED", "INVALID"}}
    assert others == {"POST /auth/logout": "204 NO CONTENT"}
    assert {name for name, code in told.items() if code == "INVALID"} == ASKED_IN_VAIN
