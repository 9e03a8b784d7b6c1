"""What lies in another organisation does not exist: every route with an id of it, called by staff from elsewhere."""

from typing import Any, NamedTuple

from flask import Flask
from flask.testing import FlaskClient

from tests.contract.bodies import body_for
from tests.contract.home import Named, a_home, one_of_each
from tests.contract.test_access import MARKS, PARAMETER, routes_of, table
from tests.factories.identity import a_staff_member, signed_in
from tests.factories.organisations import an_organisation
from timebank.database import new_id
from timebank.identity.rules import Actor, Role
from timebank.web.blueprint import public

OF_EVERYBODY = {
    "PUT /goods/<goods_id>": "the catalogue is the bank's",
    "PUT /goods/<goods_id>/limits": "the catalogue is the bank's",
    "POST /goods/<goods_id>/prices": "the catalogue is the bank's",
    "POST /people/<volunteer_id>/card": "anybody without a phone may be given a card wherever they come",
}

FOR_EVERYBODY = {
    "GET /activities/<activity_id>": "what is on is for all to see",
    "GET /activities/<activity_id>/series": "what is on is for all to see",
    "GET /shifts/<shift_id>": "what is on is for all to see",
    "POST /shifts/<shift_id>/sign-up": "whoever wants to may serve",
    "DELETE /shifts/<shift_id>/sign-up": "their own place: there is none",
    "PUT /shifts/<shift_id>/sign-up/group": "their own place",
    "GET /shifts/<shift_id>/waiting": "their own turn",
    "POST /shifts/<shift_id>/waiting": "whoever wants to may wait",
    "DELETE /shifts/<shift_id>/waiting": "their own turn: there is none",
    "GET /goods/<goods_id>": "the catalogue is the bank's",
    "GET /goods/<goods_id>/limits": "the catalogue is the bank's",
    "GET /goods/<goods_id>/prices": "the catalogue is the bank's",
    "POST /stars/<star_id>/objections": "a star on notice is for all to see",
}
"""What needs no role and is told to people from elsewhere, and why."""

QUERIES = {
    "movements": "?month=2026-09",
    "profile": "?organisation_id={organisation_id}",
    "states": "?organisation_id={organisation_id}",
}


class Route(NamedTuple):
    """A route: its name in access.txt, and what calling it takes."""

    name: str
    method: str
    rule: str
    view: Any


def _asked(app: Flask) -> list[Route]:
    """Return every route whose path names a thing, but those where the path holds a secret or that are public."""
    found = []
    for rule in app.url_map.iter_rules():
        for name, method, _ in routes_of(app, rule):
            view: Any = app.view_functions[rule.endpoint]
            view = getattr(view.view_class, method.lower()) if hasattr(view, "view_class") else view
            if rule.arguments - {"code", "token"} and view.guard is not public and name not in OF_EVERYBODY:
                found.append(Route(name, method, rule.rule, view))
    return found


def test_what_lies_elsewhere_does_not_exist(app: Flask, client: FlaskClient) -> None:
    """404 for every role that the table lets in, with a body that would do; for staff of its own organisation it is there."""
    home, rows, wrong = a_home(), table(), []
    named = {name: str(value) for name, value in one_of_each(home, client).items()}
    elsewhere = an_organisation().id
    strangers = {role: a_staff_member(role, organisation_id=elsewhere) for role in home.staff}
    routes = _asked(app)
    for route in routes:
        for role in _who_may(route, rows):
            told = _told(client, strangers[role], route, named)
            if told != "NOT_FOUND":
                wrong.append(f"{route.name}: {role} from elsewhere is told {told}")
    for route in routes:
        if hasattr(route.view.guard, "roles"):
            role = MARKS[rows[route.name].replace(".", "").split()[-1]]
            if (told := _told(client, home.staff[role], route, named)) in {"NOT_FOUND", "FORBIDDEN"}:
                wrong.append(f"{route.name}: {role} at home is told {told}")

    assert not wrong, "\n".join(wrong)


def _who_may(route: Route, rows: dict[str, str]) -> list[Role]:
    """Return the roles that a route lets in; where it asks for none, of the two that may do the most."""
    if hasattr(route.view.guard, "roles"):
        return [MARKS[mark] for mark in rows[route.name].replace(".", "").split()]
    return [] if route.name in FOR_EVERYBODY else [Role.COORDINATOR, Role.ADMIN]


def _told(client: FlaskClient, who: Actor, route: Route, named: Named) -> str:
    """Return what a route answers: the code of its refusal, or its status."""
    headers = signed_in(who) | {"Idempotency-Key": str(new_id())}
    body = body_for(route.view, named)
    answer = client.open(_path(route, named), method=route.method, json=body, headers=headers, buffered=True)
    return str((answer.get_json(silent=True) or {}).get("code") or answer.status)


def _path(route: Route, named: Named) -> str:
    """Return the address of the things that are made here; of two that have one name the longer beginning says which."""
    path = route.name.split()[1]
    beginnings = sorted({key.split()[0] for key in named if " " in key}, key=len, reverse=True)

    def value(parameter: str) -> str:
        for one in beginnings:
            if path.startswith(one + "/") and f"{one} {parameter}" in named:
                return str(named[f"{one} {parameter}"])
        return str(named[parameter])

    query = QUERIES.get(route.rule.rpartition("/")[2], "").format_map(named)
    return PARAMETER.sub(lambda found: value(found[1]), route.rule) + query
