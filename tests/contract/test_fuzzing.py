"""Everything that the specification allows, and much that it does not, against every operation on both engines.

Never a 5xx, only documented statuses, types and shapes. `--hypothesis-profile=soak` sends far more.
"""

import contextvars
from collections.abc import Iterable
from typing import Any

import hypothesis
import pytest
import schemathesis
from flask import Flask
from hypothesis import given
from schemathesis.specs.openapi import checks

from tests.contract.conftest import Headers

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
@pytest.mark.parametrize("who", ["everything", "coordinator", "nobody"])
@pytest.mark.parametrize("mode", [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE])
def test_no_request_breaks_the_product(
    app: Flask,
    who: str,
    mode: schemathesis.GenerationMode,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever is sent, by whomever: the answer is documented, and no fault of ours."""
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    headers: Headers = {} if who == "nobody" else request.getfixturevalue(who)
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", outside(app))
    for found in schema.get_all_operations():
        send(found.ok(), mode, headers)


def send(operation: Any, mode: schemathesis.GenerationMode, headers: Headers) -> None:
    """Send some requests of one operation and look at each answer."""

    @hypothesis.settings(max_examples=examples())
    @given(case=operation.as_strategy(generation_mode=mode))
    def fuzz(case: Any) -> None:
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS)
        if not headers and operation.definition.raw["security"]:
            assert response.status_code in {401, 404, 405}  # an id that is none matches no route

    fuzz()
