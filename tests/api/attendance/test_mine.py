"""One's own attendances: a phone that starts again knows that its owner is still inside, and where."""

from flask.testing import FlaskClient

from tests.factories.attendance import a_morning_shift, minutes_past_nine, scan_in, scan_out
from tests.factories.identity import a_person, signed_in


def test_i_see_where_i_am_and_where_i_was(client: FlaskClient) -> None:
    """The open one first, with what the phone shows of its shift; then the earlier ones with their records."""
    me, first, second = a_person(), a_morning_shift(), a_morning_shift()
    scan_in(client, me, first, at=0)
    record = scan_out(client, me, first, at=60).json["record"]
    began = scan_in(client, me, second, at=70).json
    with minutes_past_nine(71):
        found = client.get("/api/v1/me/attendances?limit=1", headers=signed_in(me)).json
        older = client.get(found["next"], headers=signed_in(me)).json
    assert found["items"] == [
        {
            "id": began["id"],
            "shift_id": str(second.id),
            "activity_name": "助老理发",
            "place": found["items"][0]["place"],
            "starts_at": "2026-11-02T01:00:00Z",
            "ends_at": "2026-11-02T04:00:00Z",
            "state": "open",
            "checked_in_at": "2026-11-02T02:10:00Z",
            "checked_out_at": None,
            "flags": [],
            "record_id": None,
        }
    ]
    assert [(item["state"], item["record_id"]) for item in older["items"]] == [("closed", record["id"])]
    assert older["next"] is None


def test_nobody_sees_the_attendances_of_others(client: FlaskClient) -> None:
    """They are mine."""
    scan_in(client, a_person(), a_morning_shift(), at=0)
    assert client.get("/api/v1/me/attendances", headers=signed_in(a_person())).json["items"] == []
