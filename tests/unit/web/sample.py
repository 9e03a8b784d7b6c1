"""A few endpoints that show what the web kit does, on tables that exist anyway."""

from collections.abc import Callable
from typing import Any

import flask
from limits import parse
from marshmallow import fields
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from timebank.database import new_id, session
from timebank.errors import Conflict
from timebank.identity import service
from timebank.identity.guards import requires, signed_in
from timebank.identity.models import Person
from timebank.identity.rules import Role
from timebank.web.blueprint import Blueprint, public
from timebank.web.fields import PlainText, WholeNumber
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, Schema, page_of

blueprint = Blueprint("sample", __name__, description="sample")

meanwhile: list[Callable[[], None]] = []
"""What happens inside the transaction of ``POST /sample/people``, after its effect."""


class Counted(Conflict):
    """A refusal with numbers in its text; without a code of its own it stays out of the product's catalogue."""

    title = "样例"
    title_en = "Sample"
    detail = "需要 {needed_minutes} 分钟，只有 {available_minutes} 分钟。"
    detail_en = "Needs {needed_minutes} minutes, there are {available_minutes}."


class NameBody(Schema):
    """A name, and a number if one likes."""

    display_name = PlainText(required=True, max_length=60)
    minutes = WholeNumber(maximum=100)


class NameOut(Schema):
    """A person."""

    id = fields.UUID(required=True)
    display_name = fields.String(required=True)


class OrderQuery(PageQuery):
    """In which order."""

    order = fields.String(load_default="display_name")
    newest = fields.Boolean(load_default=False)
    rows = fields.Boolean(load_default=False)


@blueprint.endpoint("GET", "/sample/people", guard=public, query=OrderQuery, answer=(200, page_of(NameOut)))
def list_sample_people(query: dict[str, Any]) -> dict[str, Any]:
    """List people."""
    by = [*([getattr(Person, query["order"])] if query["order"] != "id" else []), Person.id]
    statement = select(Person.id, Person.display_name, Person.created_at) if query["rows"] else select(Person)
    return page(statement, by=by, query=query, descending=query["newest"], scalars=not query["rows"])


@blueprint.endpoint("POST", "/sample/people", guard=signed_in, body=NameBody, answer=(201, NameOut), once=True)
def add_sample_person(body: dict[str, Any]) -> Person:
    """Add a person, once."""
    person = service.enrol(display_name=body["display_name"])
    for happen in meanwhile:
        happen()
    return person


@blueprint.endpoint("DELETE", "/sample/<uuid:of>", guard=signed_in, answer=(204, None), once=True)
def remove_sample(of: object) -> None:
    """Answer with nothing, once."""


@blueprint.endpoint("POST", "/sample/<uuid:of>/refusals", guard=signed_in, answer=(201, None), once=True)
def refuse_sample(of: object) -> None:
    """Write, refuse, and leave a trace."""
    service.enrol(display_name="rolled back")
    refusal = Counted(needed_minutes=90)
    refusal.leaves_trace(lambda: service.enrol(display_name="trace") and None)
    raise refusal


@blueprint.endpoint(
    "POST", "/sample/orders", guard=requires(Role.ADMIN), body=NameBody, answer=(200, NameOut), limit=parse("3/minute")
)
def order_sample(body: dict[str, Any]) -> dict[str, Any]:
    """Go through every gate: limit, token, role, body."""
    return {"id": new_id(), **body}


@blueprint.endpoint("GET", "/sample/faults/<name>", guard=public, answer=(200, None))
def fail_sample(name: str) -> None:
    """Fail in the way that is asked for."""
    if name.isdigit():
        flask.abort(int(name))
    if name == "counted":
        raise Counted(needed_minutes=90, available_minutes=30)
    if name == "database":
        raise OperationalError("SELECT 'secret'", {}, Exception("connection lost"))
    raise RuntimeError("a fault of ours")


@blueprint.endpoint("POST", "/sample/clashes/<name>", guard=public, answer=(201, None))
def clash_sample(name: str) -> None:
    """Violate the constraint that is asked for."""
    person = service.enrol()
    if name == "claimed":
        session.execute(Person.__table__.insert().values(**_copy(person, volunteer_no=person.volunteer_no)))
    if name == "unclaimed":
        session.execute(Person.__table__.insert().values(**_copy(person, state="nowhere")))
    session.execute(Person.__table__.insert().values(**_copy(person, display_name=None)))


def _copy(person: Person, **changed: Any) -> dict[str, Any]:
    kept = {"display_name": "x", "state": "active", "created_at": person.created_at}
    fresh = {"id": new_id(), "volunteer_no": str(new_id())[-12:], "member_ref": str(new_id())[-8:]}
    return {**kept, **fresh, **changed}
