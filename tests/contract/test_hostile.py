"""What an unlucky or hostile client sends to every route: odd paths, values of nearly the right kind."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from marshmallow import fields, validate
from werkzeug.routing import UnicodeConverter

from tests.contract.conftest import Headers
from tests.contract.test_access import PARAMETER, routes_of
from tests.contract.test_bad_input import assert_is_problem
from timebank.database import NIL
from timebank.ledger.rules import MAX_MINUTES
from timebank.web.fields import WholeNumber

LENIENT = (fields.Boolean, fields.Integer, fields.Float, fields.Decimal, fields.DateTime)
"""What reads "yes" as true and "12" as a number, or an instant without its zone."""


def taken(app: Flask, location: str) -> Iterator[tuple[str, Any]]:
    """Yield the name of every route that takes something there, and the schema of it."""
    for rule in app.url_map.iter_rules():
        for name, method, _ in routes_of(app, rule):
            view: Any = app.view_functions[rule.endpoint]
            view = getattr(view.view_class, method.lower()) if hasattr(view, "view_class") else view
            for parameter in view._apidoc.get("arguments", {}).get("parameters", []):
                if parameter["in"] == location:
                    yield name, parameter["schema"]


def leaves(schema: Any, at: str = "") -> Iterator[tuple[str, fields.Field[Any]]]:
    """Yield every field that is read from a body, with the names that lead to it."""
    for name, field in schema.load_fields.items():
        place = f"{at}/{field.data_key or name}"
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            yield from leaves(inner.schema, place)
        else:
            yield place, inner


def test_bodies_read_no_value_of_another_kind(app: Flask) -> None:
    """A text is no number, a number is no yes: of every value in every body there is one way to write it."""
    lenient = [
        f"{name} {place}"
        for name, body in taken(app, "json")
        for place, field in leaves(body)
        if type(field) in LENIENT
    ]

    assert lenient == []


def test_no_body_takes_more_minutes_than_can_be_moved(app: Flask) -> None:
    """What is more than one transfer of the ledger takes is refused as a value, and never gets as far as the ledger."""
    unbounded = []
    for name, body in taken(app, "json"):
        for place, field in leaves(body):
            if isinstance(field, WholeNumber) and place.endswith("minutes"):
                [most] = [check.max for check in field.validators if isinstance(check, validate.Range)]
                unbounded += [f"{name} {place}"] if most is None or most > MAX_MINUTES else []

    assert unbounded == []


@pytest.mark.usefixtures("unlimited")
def test_a_path_with_a_nul_names_nothing(
    app: Flask, client: FlaskClient, everything: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No database can be asked for it: a coded refusal, wherever a path takes a text."""
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    for rule in app.url_map.iter_rules():
        texts = {name for name, kind in rule._converters.items() if isinstance(kind, UnicodeConverter)}
        if not texts or not rule.rule.startswith("/api/v1"):
            continue
        path = PARAMETER.sub(lambda found, texts=texts: "a%00b" if found[1] in texts else str(NIL), rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = client.open(path, method=method, headers={**everything, "Idempotency-Key": "nul"})
            assert answer.status_code in {400, 404, 422}, f"{method} {rule.rule} answers {answer.status_code}"
            assert_is_problem(answer)
