"""Bad input: a coded problem in the one shape, nothing changed, never a fault."""

import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import ServerFactory
from tests.contract.conftest import Headers, operations
from tests.factories.identity import an_admin, signed_in
from timebank.application import MAX_BODY_BYTES
from timebank.database import new_id
from timebank.web.problems import MEDIA_TYPE
from timebank.web.schemas import Problem

PROFILE = "/api/v1/me/profile"


def assert_is_problem(answer: Any) -> None:
    """Check the one shape."""
    assert answer.content_type == MEDIA_TYPE, answer.text
    assert Problem().validate(json.loads(answer.data)) == {}
    assert answer.status_code == answer.json["status"] < 500


def with_json_body(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield method and address of every operation that takes JSON."""
    for path, method, operation in operations(document):
        if "application/json" in operation.get("requestBody", {}).get("content", {}):
            yield method, re.sub(r"\{[^}]*\}", "00000000-0000-7000-8000-000000000001", path)


MATRIX = {
    "no JSON": ({"data": b"{", "content_type": "application/json"}, 400, "MALFORMED_BODY"),
    "bytes": ({"data": b"\xff\xfe{}", "content_type": "application/json"}, 400, "MALFORMED_BODY"),
    "a form": ({"data": {"a": "b"}}, 415, "UNSUPPORTED_MEDIA_TYPE"),
    "text": ({"data": "{}", "content_type": "text/plain"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
    "no type": ({"data": b"{}"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
    "large": ({"data": b" " * (MAX_BODY_BYTES + 1), "content_type": "application/json"}, 413, "BODY_TOO_LARGE"),
    "a list": ({"json": []}, 422, "INVALID"),
    "a number": ({"json": 5}, 422, "INVALID"),
    "unknown": ({"json": {"no such field": 1}}, 422, "INVALID"),
}


@pytest.mark.usefixtures("unlimited")
@pytest.mark.parametrize("case", MATRIX)
def test_every_body_is_refused_in_the_one_shape(
    client: FlaskClient, everything: Headers, document: dict[str, Any], case: str
) -> None:
    """Every route that takes JSON answers the same broken body with the same code."""
    sent, status, code = MATRIX[case]
    for number, (method, address) in enumerate(with_json_body(document)):
        headers = {**everything, "Idempotency-Key": f"bad-{number}"}
        answer = client.open(address, method=method, headers=headers, **sent)

        assert_is_problem(answer)
        assert (method, address, answer.status_code, answer.json["code"]) == (method, address, status, code)


def put(client: FlaskClient, headers: Headers, raw: bytes | str, **more: Any) -> Any:
    """Send a raw profile."""
    return client.put(PROFILE, data=raw, content_type="application/json", headers=headers, **more)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("[" * 100_000, "MALFORMED_BODY"),
        ('{"display_name":' * 50_000, "MALFORMED_BODY"),
        ('{"display_name":' + "[" * 500 + "]" * 500 + "}", "INVALID"),
        ('{"display_name": 1' + "0" * 400 + "}", "INVALID"),
        ('{"display_name": 1' + "0" * 5_000 + "}", "MALFORMED_BODY"),
        ('{"display_name": 1e999}', "INVALID"),
        ('{"display_name": NaN}', "MALFORMED_BODY"),
        ('{"display_name": -Infinity}', "MALFORMED_BODY"),
        ('{"display_name": "a", "display_name": "b"}', "MALFORMED_BODY"),
        ('{"display_name": "\\ud800"}', "INVALID"),
        ('{"\\ud800": 1, "display_name": "a"}', "INVALID"),
        ('{"display_name": "a\\u0000b"}', "INVALID"),
        ('{"display_name": "a\x00b"}', "MALFORMED_BODY"),
        ("\ufeff{}", "MALFORMED_BODY"),
        ("", "INVALID"),
        ("null", "INVALID"),
        ('{"display_name": "a"} x', "MALFORMED_BODY"),
        ("{'display_name': 'a'}", "MALFORMED_BODY"),
    ],
)
def test_json_that_two_readers_may_read_differently_is_no_json(
    client: FlaskClient, everything: Headers, raw: str, code: str
) -> None:
    """Depth, giants, NaN, names given twice, surrogates, NUL: each is refused with its code."""
    answer = put(client, everything, raw.encode())

    assert_is_problem(answer)
    assert answer.json["code"] == code


def test_a_whole_number_is_refused_when_it_is_none(client: FlaskClient, everything: Headers) -> None:
    """10^400, infinity by overflow, fractions and texts are no minutes."""
    for raw in ("1" + "0" * 400, "1e999", "49.7", '"5"', "true", "-1", "null", "[]"):
        answer = client.post(
            "/api/v1/demo/clock",
            data=f'{{"advance_minutes": {raw}}}',
            content_type="application/json",
            headers=everything,
        )

        assert_is_problem(answer)
        assert [error["pointer"] for error in answer.json["errors"]] == ["/advance_minutes"]


def test_a_body_of_exactly_one_mebibyte_is_read(client: FlaskClient, everything: Headers) -> None:
    """The limit itself is allowed."""
    body = b'{"display_name": "a"}'

    assert put(client, everything, body + b" " * (MAX_BODY_BYTES - len(body))).status_code == 200


def test_a_large_body_without_a_length_is_refused(client: FlaskClient, everything: Headers) -> None:
    """Chunks are counted as they come."""
    stream = {"wsgi.input_terminated": True, "CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}
    answer = client.put(
        PROFILE,
        input_stream=io.BytesIO(b" " * (MAX_BODY_BYTES + 1)),
        content_type="application/json",
        headers=everything,
        environ_overrides=stream,
    )

    assert_is_problem(answer)
    assert answer.status_code == 413


def test_a_large_body_over_a_real_connection_is_refused(server: ServerFactory) -> None:
    """gunicorn passes chunks on: 413 comes back, whether the length was told or not, and the server lives on."""

    def chunks() -> Iterator[bytes]:
        for _ in range(20):
            yield b" " * (MAX_BODY_BYTES // 16)

    running = server()
    with running.client() as http:
        signed = http.post("/api/v1/auth/wechat", json={"code": "demo:zhang"}).json()
    headers = {"Authorization": f"Bearer {signed['access_token']}", "Content-Type": "application/json"}
    for content in (chunks(), b" " * (MAX_BODY_BYTES + 1)):
        with running.client() as http:  # gunicorn closes a connection whose body nobody has read to its end
            answer = http.put(PROFILE, content=content, headers=headers)

            assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize(
    "address",
    ["/api/v1/areas?level=x", "/api/v1/areas?level=5", "/api/v1/areas?level=%00", "/api/v1/areas?parent=x",
     "/api/v1/areas?after=%ff%fe", "/api/v1/areas?%00=1", "/api/v1/areas?limit=1&x[]=1", "/api/v1/organisations?kind=%F0%9F%91%B5",
     "/api/v1/%00", "/api/v1/%ff", "/api/v1/areas/%2e%2e/x", "/api/v1/areas?" + "a=1&" * 2_000],
)  # fmt: skip
def test_an_odd_address_is_refused(client: FlaskClient, everything: Headers, address: str) -> None:
    """Broken queries and paths are coded problems."""
    assert_is_problem(client.get(address, headers=everything))


@pytest.mark.parametrize(
    "headers", [{"Accept-Language": "\x7f;q=nan"}, {"Accept": "\xff"}, {"Cookie": "a=b; \xff"}, {"If-None-Match": '"'},
                {"Range": "bytes=9-1"}, {"Content-Length": "x"}, {"X-Forwarded-For": "x" * 9_000}, {"Host": "a b"}],
)  # fmt: skip
def test_odd_headers_break_nothing(client: FlaskClient, everything: Headers, headers: Headers) -> None:
    """A header that makes no sense is left alone or refused."""
    assert client.get("/api/v1/areas", headers={**everything, **headers}).status_code in {200, 400}


def test_a_body_that_is_all_optional_may_be_left_out(client: FlaskClient, app: Flask) -> None:
    """No body and no content type is an empty body: what is missing is told as such, and what is optional may be."""
    headers = signed_in(an_admin()) | {"Idempotency-Key": "left-out"}

    optional = client.post(f"/api/v1/redemptions/{new_id()}/hand-over", headers=headers)
    required = client.post("/api/v1/areas", headers=headers)

    assert (optional.status_code, optional.json["code"]) == (404, "NOT_FOUND")
    assert (required.status_code, required.json["code"]) == (422, "INVALID")
