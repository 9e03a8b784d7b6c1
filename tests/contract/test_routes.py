"""Who may come in without a token."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

PUBLIC = {
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /api/openapi.json",
    "GET /api/docs",
    "GET /api/docs/",
    "GET /api/docs/start.js",
    "GET /api/docs/<name>",
    "POST /api/v1/auth/wechat",
    "POST /api/v1/auth/password",
    "POST /api/v1/auth/refresh",
    "POST /api/v1/devices",
    "GET /api/v1/ledger/seals",
    "GET /api/v1/public/shops/<uuid:site_id>/accounts",
    "GET /api/v1/public/shops/<uuid:site_id>/purpose-notices",
    "GET /api/v1/verify/<string(maxlength=80):code>",
    "GET /api/v1/shared/<code>",
    "GET /api/v1/calendars/<string(maxlength=64):token>.ics",
    "GET /api/v1/evaluation-invitations/<string(maxlength=64):code>",
    "POST /api/v1/evaluation-invitations/<string(maxlength=64):code>",
    "POST /api/v1/evaluation-invitations/<string(maxlength=64):code>/form",
    "GET /q/<path:code>",
    "GET /q/<code>",
}
"""Health, documentation, sign-in, the enrolment of devices by a code, the published seals and accounts, the verification of
certificates, shared figures, the printed QR codes, and calendars and invitations to evaluate, whose address is their secret."""


def address(app: Flask, rule: Rule) -> str:
    """Return an address that this rule matches."""
    samples = {"UUIDConverter": "00000000-0000-7000-8000-000000000001", "IntegerConverter": 1}
    values: dict[str, Any] = {
        name: samples.get(type(converter).__name__, "x") for name, converter in rule._converters.items()
    }
    return app.url_map.bind("localhost").build(rule.endpoint, values, method=next(iter(rule.methods or ())))


def test_every_route_without_a_token_is_401_but_the_public_ones(app: Flask, client: FlaskClient) -> None:
    """The whole route table, with an empty body and without one: guards come before anything else."""
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"OPTIONS"}:
            public = f"{method.replace('HEAD', 'GET')} {rule.rule}" in PUBLIC
            answer = client.open(address(app, rule), method=method, buffered=True)
            if public:
                assert answer.status_code != 401, f"{method} {rule.rule} should be public"
            else:
                assert answer.status_code == 401, f"{method} {rule.rule} answers {answer.status_code}"
                assert method == "HEAD" or answer.json["code"] == "UNAUTHENTICATED"


def test_no_route_takes_patch(app: Flask) -> None:
    """A mini-program cannot send it."""
    assert [rule.rule for rule in app.url_map.iter_rules() if "PATCH" in (rule.methods or ())] == []


def test_options_is_flasks_own_everywhere(app: Flask, client: FlaskClient) -> None:
    """OPTIONS needs no token and says nothing but the methods, which the public specification tells as well."""
    for rule in app.url_map.iter_rules():
        answer = client.options(address(app, rule))

        assert (answer.status_code, answer.data) == (200, b""), rule.rule
        assert "OPTIONS" in answer.headers["Allow"]


def test_a_method_that_a_route_does_not_take_is_405_with_allow(app: Flask, client: FlaskClient) -> None:
    """The answer says which methods there are."""
    for rule in app.url_map.iter_rules():
        answer = client.open(address(app, rule), method="PATCH")

        assert (answer.status_code, answer.json["code"]) == (405, "METHOD_NOT_ALLOWED"), rule.rule
        assert (rule.methods or set()) <= set(answer.headers["Allow"].split(", "))
