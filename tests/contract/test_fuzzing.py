"""Everything that the specification allows, and much that it does not, against every operation on both engines.

Never a 5xx, only documented statuses, types and shapes. `--hypothesis-profile=soak` sends far more.
"""

import contextvars
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import hypothesis
import pytest
import schemathesis
from flask import Flask
from hypothesis import given
from schemathesis.specs.openapi import checks

from tests.factories.identity import a_staff_member, signed_in
from tests.factories.organisations import an_organisation
from timebank.identity.models import Person
from timebank.identity.rules import Role

CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
QUICK = 6
_profile = hypothesis.settings.get_profile("short")


def examples() -> int:
    """Return how many requests each operation gets: half a dozen, or with the soak profile a hundred times as many."""
    chosen = hypothesis.settings().max_examples
    return QUICK if chosen <= _profile.max_examples else chosen


def outside(app: Flask) -> Any:
    """Return the application as the street sees it: no request shares a context with the test."""

    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return contextvars.Context().run(app.wsgi_app, environ, start_response)

    return call


@pytest.mark.usefixtures("unlimited")
@pytest.mark.parametrize("mode", [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE])
def test_no_request_breaks_the_product(
    app: Flask, almighty: Person, mode: schemathesis.GenerationMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is sent, by whomever: the answer is documented, and no fault of ours.

    Inventing a request takes far longer than answering it: each is sent by nobody, then by a coordinator and by
    somebody who may do everything.
    """
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    coordinator = a_staff_member(Role.COORDINATOR, organisation_id=an_organisation().id).person_id
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", outside(app))
    for found in schema.get_all_operations():
        send(found.ok(), mode, (None, coordinator, almighty.id))


def send(operation: Any, mode: schemathesis.GenerationMode, callers: Sequence[UUID | None]) -> None:
    """Send some requests of one operation, each as every caller, and look at each answer."""
    security = operation.definition.raw["security"]

    @hypothesis.settings(max_examples=examples())
    @given(case=operation.as_strategy(generation_mode=mode))
    def fuzz(case: Any) -> None:
        for caller in callers:
            # A session of its own for each request: one of them is signing out.
            response = case.call(headers=signed_in(caller) if caller else {})
            case.validate_response(response, checks=CHECKS)
            if not caller and security:
                assert response.status_code in {401, 404, 405}  # an id that is none matches no route
            # Broken requests come with broken tokens, too.
            if caller and security == [{"bearer": []}] and mode is schemathesis.GenerationMode.POSITIVE:
                assert response.status_code != 401, "is still signed in, and gets past the door"

    fuzz()
