"""The documentation page."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient

OUTSIDE = re.compile(r"(?:https?:)?//[a-z0-9]", re.IGNORECASE)


@pytest.mark.parametrize("address", ["/api/docs", "/api/docs/"])
def test_the_page_and_all_that_it_names_come_from_here(client: FlaskClient, address: str) -> None:
    """The page names files of ours only, each is served, and no script stands in the page."""
    page = client.get(address)
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)

    assert page.status_code == 200
    assert not OUTSIDE.search(page.text)
    assert not re.search(r"<script>|onload=", page.text)
    assert len(named) == 4
    assert 'name="viewport" content="width=device-width' in page.text, "a telephone shows it at its own width"
    assert all(name.startswith("/api/docs/") and client.get(name, buffered=True).status_code == 200 for name in named)


def test_the_start_script_points_at_our_own_specification(client: FlaskClient) -> None:
    """Swagger UI reads our document and asks no validator outside."""
    script = client.get("/api/docs/start.js")

    assert script.mimetype == "text/javascript"
    assert '"/api/openapi.json"' in script.text
    assert "validatorUrl: null" in script.text
    assert not OUTSIDE.search(script.text)


def test_the_specification_is_written_for_who_asks_first(sampled: Flask) -> None:
    """No worker writes it at its start; whoever asks at one moment is given the whole of it."""
    api = sampled.extensions["timebank-api"]
    assert not api._spec.to_dict()["paths"]
    everybody = threading.Barrier(4)

    def ask() -> int:
        everybody.wait()
        return len(api.spec.to_dict()["paths"])

    with ThreadPoolExecutor(4) as threads:
        counts = [one.result() for one in [threads.submit(ask) for _ in range(4)]]

    documented = {rule.rule for rule in sampled.url_map.iter_rules() if rule.rule.startswith("/api/v1/")}
    assert counts == [len(documented)] * 4


def test_the_policy_lets_nothing_in_from_outside(client: FlaskClient) -> None:
    """Scripts, styles and requests may only come from and go to this server."""
    policy = client.get("/api/docs/").headers["Content-Security-Policy"]

    assert "default-src 'self'" in policy
    assert "http" not in policy
    assert "script-src" not in policy


@pytest.mark.parametrize(
    "name", ["index.html", "oauth2-redirect.html", "swagger-initializer.js", "..%2f__init__.py", "x"]
)
def test_other_files_of_the_package_are_not_served(client: FlaskClient, name: str) -> None:
    """Only what the page needs; everything else is 404 in the one shape."""
    answer = client.get(f"/api/docs/{name}")

    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_the_specification_is_openapi_31(client: FlaskClient) -> None:
    """It is public, and of the version that was promised."""
    answer = client.get("/api/openapi.json")

    assert (answer.status_code, answer.json["openapi"]) == (200, "3.1.0")
