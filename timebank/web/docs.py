"""Swagger UI at ``/api/docs``, served from an installed package: no outside address, no inline script."""

from importlib.resources import as_file, files

from flask import Blueprint, Response, send_from_directory, url_for

pages = Blueprint("docs", __name__, url_prefix="/api/docs")

_FILES = frozenset({"swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png", "index.css"})
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"

_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>时间银行 API</title>
<link rel="stylesheet" href="{base}swagger-ui.css"><link rel="icon" href="{base}favicon-32x32.png"></head>
<body><div id="ui"></div><script src="{base}swagger-ui-bundle.js"></script><script src="{base}start.js"></script></body></html>
"""

_START = """SwaggerUIBundle({url: "%s", dom_id: "#ui", deepLinking: true, validatorUrl: null, persistAuthorization: true});
"""


@pages.get("/")
@pages.get("", endpoint="index_without_slash")
def index() -> Response:
    """Serve the documentation page."""
    return _guarded(Response(_PAGE.format(base=url_for("docs.index")), mimetype="text/html"))


@pages.get("/start.js")
def start() -> Response:
    """Serve the few lines that point Swagger UI at our own specification."""
    return _guarded(Response(_START % url_for("api-docs.openapi_json"), mimetype="text/javascript"))


@pages.get("/<name>")
def asset(name: str) -> Response:
    """Serve one file of Swagger UI; 404 for anything else."""
    with as_file(files("flask_swagger_ui").joinpath("dist")) as folder:
        return _guarded(send_from_directory(folder, name if name in _FILES else "missing", max_age=86_400))


def _guarded(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = _POLICY
    return response
