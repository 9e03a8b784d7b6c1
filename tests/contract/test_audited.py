"""Which acts of staff are noted in the audit log."""

import inspect
from collections.abc import Iterator
from typing import Any

from flask import Flask

from timebank.database import Base
from timebank.identity.concerned import TARGETS

NOTED_ELSEWHERE = {
    "POST /counter/lookup": "a hot path that changes nothing; missed codes are counted",
    "POST /counter/sales": "a hot path: the receipt says who sold what to whom",
    "POST /redemptions/<uuid:redemption_id>/hand-over": "a hot path: the receipt says who handed what over",
    "POST /sites/<uuid:site_id>/intakes": "the receipt of an intake and its stock moves say who took in what",
    "POST /stocktakes/<uuid:stocktake_id>/counts": "every count is a row of its own; what is posted is noted",
    "POST /statistics/exports": "the register notes each export, also downloads and those of a schedule",
    "POST /imports": "the register of imports says who, why and what; a check writes nothing",
    "POST /demo/clock": "exists in the demo only",
}
UNMASKING = {
    "GET /cards.pdf",
    "GET /family/<uuid:relation_id>",
    "GET /statistics/exports/<uuid:export_id>/file",
}


def _views(app: Flask) -> Iterator[tuple[str, Any]]:
    """Yield every view that only some roles may call, by method and rule."""
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            view: Any = app.view_functions[rule.endpoint]
            view = getattr(view.view_class, method.lower()) if hasattr(view, "view_class") else view
            if hasattr(getattr(view, "guard", None), "roles"):
                yield f"{method} {rule.rule.removeprefix('/api/v1')}", view


def test_whatever_staff_change_is_audited(app: Flask) -> None:
    """A new route for staff is declared with `audited=`, or stands on the list above with what says who instead."""
    silent = {name for name, view in _views(app) if not name.startswith("GET ") and view.audited is None}

    assert silent == set(NOTED_ELSEWHERE)


def test_whatever_shows_whole_names_is_audited(app: Flask) -> None:
    """Reading is noted where it shows more than a masked name."""
    assert {name for name, view in _views(app) if name.startswith("GET ") and view.audited is not None} == UNMASKING


CONCERNS_NOBODY = frozenset(
    {
        *("activity", "area", "calendar", "export", "import", "issuer", "link", "organisation", "policy", "seal"),
        *("closing", "device", "device_code", "goods", "lock_out", "lot", "merchant", "settlement", "site"),
        *("stocktake", "transfer", "write_off"),
        *("training", "pool_donation"),  # entered without people; given by an organisation
        "donation",  # whoever gives goods may stay unnamed (rule R31)
    }
)
"""Kinds of targets that are about no person, or about one whom the log does not name."""


def test_whoever_an_act_concerns_is_found(app: Flask) -> None:
    """A path, an answer, what was typed or the target's own row says whom, or it stands on the list that nobody is."""
    silent = set()
    for _, view in _views(app):
        kind = getattr(view.audited, "kind", None)
        if kind and kind not in TARGETS and kind not in CONCERNS_NOBODY and not _names_somebody(view):
            silent.add(kind)
    assert silent == set()
    assert CONCERNS_NOBODY & TARGETS.keys() == set()
    for found in TARGETS.values():
        assert {found.key, *found.columns} <= {*Base.metadata.tables[found.table].c.keys()}, found


def _names_somebody(view: Any) -> bool:
    """Whether what a view is called with or answers names a person."""
    named = {"person_id", "volunteer_id", "ids", "member_id", "person_ids", "volunteer_no", "volunteer_nos"}
    answers = [one for some in view._apidoc["response"]["responses"].values() for one in some]
    given = view._apidoc.get("arguments", {}).get("parameters", [])
    schemas = [one.get("schema") for one in (*answers, *given)]
    said = {name for schema in schemas if hasattr(schema, "fields") for name in schema.fields}
    return bool(named & (said | {*inspect.signature(view).parameters})) or view.audited.own
