"""The committed specification: ``api_spec/openapi.json`` and the catalogue of refusals, ``api_spec/problems.md``."""

import json
from pathlib import Path

from flask import Flask

from timebank.errors import catalogue
from timebank.web.problems import TYPE_PREFIX, slug

FOLDER = Path(__file__).parent.parent / "api_spec"

_HEAD = f"""# 错误一览 · Every refusal

Written by `timebank openapi write`; do not edit. Each is `application/problem+json` (RFC 9457) with
`type, title, status, detail, instance, code, retryable, context, request_id`, and `errors[]` for single values.
The type is `{TYPE_PREFIX}<slug>`. Clients decide by `code`; texts may change. `Accept-Language: en` gives English.

| code | status | 标题 · title | 下一步 · what to do next | retry |
|---|---|---|---|---|
"""


def write(app: Flask, *, check: bool = False) -> list[str]:
    """Write both files; with ``check`` write nothing and return the names of those that differ."""
    stale = []
    for name, text in (("openapi.json", openapi(app)), ("problems.md", problems())):
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            if check:
                stale.append(name)
            else:
                path.write_text(text, encoding="utf-8")
    return stale


def openapi(app: Flask) -> str:
    """Return the OpenAPI 3.1 document of an application, in a stable order."""
    return json.dumps(app.extensions["timebank-api"].spec.to_dict(), ensure_ascii=False, indent=2) + "\n"


def problems() -> str:
    """Return the catalogue of refusals, sorted by code."""
    rows = [
        f"| `{kind.code}`<br>{slug(kind.code)} | {kind.status} | {kind.title}<br>{kind.title_en} "
        f"| {kind.detail}<br>{kind.detail_en} | {'yes' if kind.retryable else 'no'} |"
        for kind in catalogue()
    ]
    return _HEAD + "\n".join(rows) + "\n"
