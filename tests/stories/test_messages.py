"""The story of a volunteer who hears of it: she asks for messages, serves with a card, and WeChat tells her the rest."""

import json
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.activities import an_activity
from tests.factories.attendance import a_morning_shift, member_code_of, minutes_past_nine, post_once
from tests.factories.identity import a_coordinator
from tests.factories.organisations import an_organisation
from timebank.commands import cli
from timebank.database import in_unit_of_work, new_id, session
from timebank.demo.wechat import FakeWechat, openid_of
from timebank.identity.models import Person
from timebank.notifications import templates

TEMPLATES = {
    "arrival": {"id": "T-arrival", "fields": {"thing1": "activity", "time2": "ends_at", "thing3": "remark"}},
    "record_final": {
        "id": "T-record",
        "page": "pages/records",
        "fields": {"thing1": "activity", "date2": "served_on", "number3": "service_minutes"},
    },
}


def test_a_volunteer_hears_of_her_minutes(
    app: Flask,
    client: FlaskClient,
    fake_wechat: FakeWechat,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """From the tap on the phone to the message on it; whatever the logs say, they name nobody."""
    monkeypatch.setitem(app.extensions, "timebank-templates", templates.read(json.dumps(TEMPLATES)))
    organisation = an_organisation()
    leader = a_coordinator(organisation.id)
    shift = a_morning_shift(activity_id=an_activity("社区食堂帮厨", organisation_id=organisation.id).id)

    # Zhang Guifang signs in, and the mini-program learns which templates to ask her for.
    signed = client.post("/api/v1/auth/wechat", json={"code": "demo:guifang"}).json
    hers = {"Authorization": f"Bearer {signed['access_token']}"}
    offered = client.get("/api/v1/me/subscriptions", headers=hers).json["items"]
    assert {item["topic"]: item["template_id"] for item in offered if item["template_id"]} == {
        "arrival": "T-arrival",
        "record_final": "T-record",
    }

    # She taps; she wants to hear of her minutes, not of her arrival.
    chosen = {"topics": {"arrival": "reject", "record_final": "accept"}}
    answer = client.post("/api/v1/me/subscriptions", json=chosen, headers=hers | {"Idempotency-Key": str(new_id())})
    assert answer.status_code == 200

    # Her phone is flat that day: the leader scans her in and out.
    zhang = in_unit_of_work(lambda: session.get_one(Person, UUID(signed["person"]["id"])), write=False)
    for path, at in (("/check-ins", 0), ("/check-outs", 120)):
        with minutes_past_nine(at):
            body = {"token": member_code_of(zhang), "shift_id": str(shift.id)}
            assert post_once(client, path, leader, body).status_code == 201

    # The worker comes by: one message, to her, and nothing on a second round.
    with minutes_past_nine(125):
        rounds = [app.test_cli_runner().invoke(cli, ["notifications", "send"]).output for _ in range(2)]
    assert ["sent=1" in rounds[0], "sent=0" in rounds[1]] == [True, True]
    (message,) = fake_wechat.messages.sent
    assert (message["touser"], message["template_id"], message["page"]) == (
        openid_of("guifang"),
        "T-record",
        "pages/records",
    )
    assert message["data"] == {
        "thing1": {"value": "社区食堂帮厨"},
        "date2": {"value": "2026年11月2日"},
        "number3": {"value": "120"},
    }

    # The same stands in her inbox; she reads it.
    (item,) = client.get("/api/v1/me/notifications", headers=hers).json["items"]
    assert item["message"] == "11月2日「社区食堂帮厨」的服务记录已确认：服务 120 分钟，时间币入账 120 分钟。"
    read = client.post("/api/v1/me/notifications/read", json={"ids": [item["id"]]}, headers=hers).json
    assert read == {"marked": 1, "unread": 0}

    logs = "".join([*rounds, *capfd.readouterr()])
    named = [signed["person"]["display_name"], openid_of("guifang"), "社区食堂", fake_wechat.messages.token]
    assert [word for word in named if word in logs] == []
