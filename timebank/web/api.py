"""The API object: OpenAPI 3.1 from the schemas, and problems as the shape of every error in it."""

from threading import RLock
from typing import Any

import flask_smorest
from apispec import APISpec
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from timebank import __version__
from timebank.web import problems
from timebank.web.schemas import Problem

PREFIX = "/api/v1"


class Api(flask_smorest.Api):
    """flask-smorest's Api, answering and documenting errors as RFC 9457 problems; what nobody has asked for is not written."""

    ERROR_SCHEMA = Problem

    def __init__(self, app: Flask, **options: Any) -> None:
        self._writing = RLock()
        self._unwritten: list[tuple[flask_smorest.Blueprint, str]] = []
        super().__init__(app, **options)

    @property
    def spec(self) -> APISpec:
        """The OpenAPI document, written for who asks first: that takes a moment, and megabytes that few workers ever need."""
        with self._writing:
            while self._unwritten:
                blueprint, name = self._unwritten.pop(0)
                blueprint.register_views_in_doc(self, self._app, self._spec, name=name, parameters=None)
                self._spec.tag({"name": name, "description": blueprint.description})
        return self._spec

    @spec.setter
    def spec(self, spec: APISpec) -> None:
        self._spec = spec

    def register_blueprint(self, blueprint: flask_smorest.Blueprint, **options: Any) -> None:
        """Register a blueprint in the application, to be documented when somebody asks."""
        name = options.get("name", blueprint.name)
        self._app.extensions["flask-smorest"]["blp_name_to_api"][name] = self
        self._app.register_blueprint(blueprint, **options)
        self._unwritten.append((blueprint, name))

    def handle_http_exception(self, error: HTTPException) -> Response:
        """Answer with a problem instead of flask-smorest's own shape."""
        return problems.from_http_exception(error)

    def _register_responses(self) -> None:
        """Document errors as problems; flask-smorest says application/json (private, pinned by a test)."""
        for name, description in (
            (self.DEFAULT_ERROR_RESPONSE_NAME, "说明原因和下一步的错误 · an error that explains itself (RFC 9457)"),
            (
                "UNPROCESSABLE_ENTITY",
                "内容有误，errors 指出哪里 · `errors` says which values are not acceptable, and why",
            ),
        ):
            content = {problems.MEDIA_TYPE: {"schema": self.ERROR_SCHEMA}}
            self.spec.components.response(name, {"description": description, "content": content}, lazy=True)

    def _register_pagination_header(self) -> None:
        """Leave out flask-smorest's own way of paging, which nothing here uses."""


def create_api(app: Flask) -> Api:
    """Return the API of this application; blueprints are registered on it under ``/api/v1``."""
    app.config.update(
        API_TITLE="时间银行 timebank",
        API_VERSION=__version__,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
        JSON_SORT_KEYS=False,
    )
    options: dict[str, Any] = {
        "info": {"description": "时间银行与公益仓的接口 · The API of the time bank and charity shop."},
        "servers": [{"url": "/"}],
    }
    api = Api(app, spec_kwargs=options)
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    api.spec.components.security_scheme("device", {"type": "apiKey", "in": "header", "name": "X-Device-Token"})
    return api
