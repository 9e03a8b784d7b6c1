"""Attendances that are annulled and adjusted, through HTTP."""

from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories.attendance import NINE, minutes_past_nine, post_once
from tests.factories.identity import signed_in
from timebank.codes.layouts import utc_text


def annul(client: FlaskClient, who: Any, attendance_id: str, *, at: float) -> TestResponse:
    """Annul an attendance so many minutes past nine."""
    with minutes_past_nine(at):
        return post_once(client, f"/attendances/{attendance_id}/annul", who, {"reason": "没有到场"})


def adjust(
    client: FlaskClient,
    who: Any,
    attendance_id: str,
    *,
    at: float,
    came: float | None = None,
    left: float | None = None,
) -> TestResponse:
    """Give an attendance other times, all in minutes past nine."""
    stated = {"checked_in_at": came, "checked_out_at": left}
    body = {name: instant(minutes) for name, minutes in stated.items() if minutes is not None}
    with minutes_past_nine(at):
        return post_once(client, f"/attendances/{attendance_id}/adjust", who, {"reason": "手机没电", **body})


def instant(minutes: float) -> str:
    """Return an instant as a request says it, in minutes past nine."""
    return utc_text(NINE + timedelta(minutes=minutes))


def decide(client: FlaskClient, who: Any, path: str) -> TestResponse:
    """Approve a record or a correction."""
    return client.post(f"/api/v1/{path}/approve", json={"reason": "核实"}, headers=signed_in(who))
