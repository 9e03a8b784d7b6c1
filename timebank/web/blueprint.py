"""A blueprint whose every view is one unit of work, declared in one call that fixes the order of things.

Rate limit, token, role, body, then one transaction with the idempotency key inside, then the answer: nobody can write
the decorators in another order, because there is only one.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

import flask_smorest
from flask import Response
from limits import RateLimitItem

from timebank.database import in_unit_of_work
from timebank.errors import NotFound, Refusal
from timebank.web import idempotency, tokens
from timebank.web.fields import is_storable
from timebank.web.limits import limited
from timebank.web.parser import Parser
from timebank.web.schemas import Schema

View = Callable[..., Any]
Guard = Callable[[], None]
"""Raises a refusal (401, 403) unless the caller may come in; runs before the body is parsed."""
Audit = Callable[[dict[str, Any], Response], None]
"""Notes what was done, given what the view was called with and its answer.

That of a reading view may have ``spares``, which says for what the view was called with that there is nothing to note.
"""

IDEMPOTENCY_HEADER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    "description": "一次操作一个编号，重试时不变 · one key per act, the same when retried",
}


def public() -> None:
    """Let everyone in: sign-in and the few public pages."""


class Blueprint(flask_smorest.Blueprint):
    """flask-smorest's blueprint with one way to declare an endpoint."""

    ARGUMENTS_PARSER = Parser()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._prepare_doc_cbks.append(_document_key)

    def endpoint(
        self,
        method: str,
        rule: str,
        *,
        guard: Guard,
        answer: tuple[int, type[Schema] | None],
        body: type[Schema] | None = None,
        form: type[Schema] | None = None,
        query: type[Schema] | None = None,
        once: bool = False,
        limit: RateLimitItem | None = None,
        prepare: Callable[..., Any] | None = None,
        media_types: tuple[str, ...] = (),
        uploads: tuple[str, ...] = (),
        audited: Audit | None = None,
    ) -> Callable[[View], View]:
        """Declare ``func`` as the view of ``method rule``.

        Args:
            method: GET, POST, PUT or DELETE (a mini-program cannot send PATCH).
            rule: path under ``/api/v1``.
            guard: who may come in; ``public`` for everyone.
            answer: status and schema of the success answer.
            body: schema of the JSON body, given to the view as ``body``.
            form: instead of it, schema of what a page's form sends, given to the view as ``body``.
            query: schema of the query string, given to the view as ``query``.
            once: requires an ``Idempotency-Key`` and does the work once for it.
            limit: a rate limit of ``web.limits``.
            prepare: runs before the transaction with the view's arguments; its result is given as ``prepared``.
            media_types: other media types that the view may answer with, for the documentation.
            uploads: media types of a raw body (or of the part ``file`` of a form) that the view reads by itself.
            audited: notes the act, in the transaction that does it; of a reading view, before the answer goes out.
        """

        def declare(func: View) -> View:
            status, schema = answer
            view = self.response(status, schema)(func)
            for media_type in media_types:
                view = self.alt_response(status, schema=_BINARY, content_type=media_type, success=True)(view)
            view = _as_unit_of_work(view, write=method != "GET", once=once, prepare=prepare, audited=audited)
            view = _with_names(view, [name for name, given in (("body", body or form), ("query", query)) if given])
            if query:
                view = self.arguments(query(), location="query")(view)
            if body:
                view = self.arguments(body())(view)
            if form:
                view = self.arguments(form(), location="form")(view)
            view = _guarded(view, guard)
            if limit:
                view = limited(view, limit)
            view = self.doc(
                operationId=func.__name__,
                security=[] if guard is public else getattr(guard, "security", [{"bearer": []}]),
            )(view)
            if uploads:
                view = self.doc(requestBody=_upload_of(uploads))(view)
            view._apidoc["once"] = once  # noqa: SLF001 - where flask-smorest keeps what it documents
            view.guard, view.audited = guard, audited
            self.route(rule, methods=[method])(view)
            _forget_notes(view)
            return func

        return declare


def _forget_notes(view: View) -> None:
    """Drop what the decorators of a view have noted for its documentation: each had a copy, ``route`` has the last one."""
    while inner := getattr(view, "__wrapped__", None):
        inner.__dict__.pop("_apidoc", None)
        view = inner


_BINARY = {"type": "string", "format": "binary"}


def _upload_of(media_types: tuple[str, ...]) -> dict[str, Any]:
    """Return how a file is documented that is sent raw or in a form."""
    form = {"type": "object", "properties": {"file": _BINARY}, "required": ["file"], "additionalProperties": False}
    content = {media_type: {"schema": _BINARY} for media_type in media_types}
    return {"required": True, "content": {**content, "multipart/form-data": {"schema": form}}}


def _document_key(operation: dict[str, Any], info: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the key's header to what is documented of an operation (given to ``doc`` it would replace the query)."""
    if info.get("once"):
        operation["parameters"] = [*operation.get("parameters", []), IDEMPOTENCY_HEADER]
    return operation


def _guarded(view: View, guard: Guard) -> View:
    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        guard()
        if not all(is_storable(named) for named in kwargs.values() if isinstance(named, str)):
            raise NotFound  # no database can be asked for it, let alone keep it
        return view(*args, **kwargs)

    return guarded


def _with_names(view: View, names: list[str]) -> View:
    @wraps(view)
    def named(*parsed: Any, **kwargs: Any) -> Any:
        return view(**dict(zip(names, parsed, strict=True)), **kwargs)

    return named


def _as_unit_of_work(
    view: View, *, write: bool, once: bool, prepare: Callable[..., Any] | None, audited: Audit | None
) -> View:
    @wraps(view)
    def working(**kwargs: Any) -> Response:
        def work() -> Response:
            tokens.refuse_ended(again=write and not once)  # the claim of a key has asked in this unit of work
            response = _answer_of(view, kwargs)
            if audited and write:
                audited(kwargs, response)
            return response

        try:
            if once:
                idempotency.key_of_request()
            if prepare:
                kwargs["prepared"] = _prepared(prepare, kwargs)
            if once:
                return in_unit_of_work(lambda: idempotency.once(work, bearer=tokens.bearer()), write=write)
            response = in_unit_of_work(work, write=write)
        except Refusal as refusal:
            for trace in refusal.traces:
                in_unit_of_work(trace)
            raise
        if audited and not write and not _spared(audited, kwargs):
            in_unit_of_work(lambda: audited(kwargs, response))
        return response

    return working


def _spared(audited: Audit, given: dict[str, Any]) -> bool:
    """Whether there is nothing to note of what was read; asked while reading, so that nobody waits for a turn to write."""
    spares: Callable[[dict[str, Any]], bool] | None = getattr(audited, "spares", None)
    return spares is not None and in_unit_of_work(lambda: spares(given), write=False)


def _prepared(prepare: Callable[..., Any], given: dict[str, Any]) -> Any:
    """Return what a view is given that was prepared; whoever's session has been ended costs no time."""
    tokens.refuse_ended_early()
    return prepare(**given)


def _answer_of(view: View, given: dict[str, Any]) -> Response:
    """Return what a view answers; it may take its body apart, and is called again after a lost race."""
    body = {"body": dict(given["body"])} if "body" in given else {}
    response: Response = view(**given | body)
    if response.status_code == HTTPStatus.NO_CONTENT:
        response.headers.remove("Content-Type")  # nothing has no type; a client would try to read it as JSON
    return response
