"""What paper needs is at hand before anything is written."""

from typing import Any

import pytest
from flask import Flask

from tests.api.certificates.conftest import Desk
from timebank.database import session
from timebank.documents.typefaces import NOTO, Typeface
from timebank.identity.models import Person
from timebank.identity.rules import Actor


@pytest.mark.usefixtures("records")
def test_the_font_is_read_before_the_transaction(
    desk: Desk, app: Flask, volunteer: Person, coordinator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker's first certificate keeps nobody waiting who has something to write, at home and at the desk."""
    reading: list[bool] = []

    class Slow(Typeface):
        @property
        def _fonts(self) -> list[Any]:
            if not self._read:
                reading.append(session().in_transaction())
            return super()._fonts

    organisation_id = coordinator.grants[0].organisation_id
    asked = {"organisation_id": str(organisation_id)}
    at_desk = {"volunteer_no": volunteer.volunteer_no, "reason": "本人到窗口申请"}
    for who, path, body in (
        (volunteer, "/me/certificates", asked),
        (coordinator, f"/organisations/{organisation_id}/certificates", at_desk),
    ):
        monkeypatch.setitem(app.extensions, "timebank-typeface", Slow(NOTO))
        assert desk.post(who, path, **body).status_code == 201
    assert reading == [False, False]
