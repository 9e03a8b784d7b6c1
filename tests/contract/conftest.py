"""Who calls in the contract tests, and what the specification promises."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from tests.factories.identity import a_person, signed_in
from timebank.database import in_unit_of_work
from timebank.identity import service
from timebank.identity.models import Person
from timebank.identity.rules import Grant, Role
from timebank.web import limits

Headers = dict[str, str]


@pytest.fixture
def almighty(app: Flask) -> Person:
    """Somebody who holds every role over the whole bank: no guard stops them."""
    person = a_person("全权")
    for role in Role:
        if role is not Role.VOLUNTEER:
            in_unit_of_work(
                lambda granted=role: service.grant(person_id=person.id, granted=Grant(granted, area_path=""))
            )
    return person


@pytest.fixture
def everything(almighty: Person) -> Headers:
    """Headers of somebody who holds every role."""
    return signed_in(almighty)


@pytest.fixture
def unlimited(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rate limits off: these tests send by the thousand."""
    monkeypatch.setattr(limits.counts, "incr", lambda *_, **__: 0)


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    """The OpenAPI document."""
    found: dict[str, Any] = app.extensions["timebank-api"].spec.to_dict()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, method and description of every operation."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in {"get", "post", "put", "delete"}:
                yield path, method.upper(), operation
