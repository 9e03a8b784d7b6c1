"""Addresses that people open by themselves, from a link or a code: a page for a browser, JSON for a program."""

from http import HTTPStatus

from flask import Response, current_app, request


def wants_a_page() -> bool:
    """Whether a browser asks; a program that says nothing gets JSON."""
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"


def as_page(html: str, policy: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return a page that runs nothing but what ``policy`` allows, and that no search engine keeps."""
    response = Response(html, status, mimetype="text/html")
    response.headers["Content-Security-Policy"] = policy
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Vary"] = "Accept"
    return response


def whole_address(path: str) -> str | None:
    """Return the address that the public opens for ``path``; None where ``TIMEBANK_PUBLIC_URL`` does not say it."""
    public = current_app.extensions["timebank-settings"].public_address
    return f"{public}{path}" if public else None
