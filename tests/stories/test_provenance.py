"""Where minutes come from: a phone, a printed card, a forgotten check-out, an evening without network."""

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.activities import a_shift, an_activity
from tests.factories.attendance import NINE, kept_scan, minutes_past_nine
from tests.factories.documents import pdf_codes, pdf_texts
from tests.factories.identity import a_person
from tests.stories.phones import Phone, Team, the_books_agree
from timebank.commands import cli

DAY = 24 * 60
"""Minutes."""


def test_a_volunteer_with_a_phone(client: FlaskClient, phone: Phone, team: Team) -> None:
    """From the sign-up to the line in the passbook: every figure that she can look up says two hours."""
    # Zhang Guifang signs in with WeChat for the first time, says who she is, and signs up for the canteen.
    zhang = UUID(client.post("/api/v1/auth/wechat", json={"code": "demo:guifang"}).json["person"]["id"])
    with minutes_past_nine(-50):
        phone.send(zhang, f"/shifts/{team.shift.id}/sign-up")
        (signed_up,) = phone.look(zhang, "/me/sign-ups")["items"]
        assert signed_up["shift"]["id"] == str(team.shift.id)
        assert phone.look(team.leader, f"/shifts/{team.shift.id}/presence")["absent"] == 1

    # At nine the leader's screen shows a code; her phone reads it and asks whether she wants to check in.
    with minutes_past_nine(0):
        scanned = phone.send(zhang, "/scans", token=phone.look(team.leader, team.screen)["token"])
        assert (scanned["activity"]["name"], scanned["suggested_action"]) == ("社区食堂帮厨", "check_in")
        assert scanned["warnings"] == []
        assert phone.look(zhang, "/me/attendances")["items"] == []

    # She reads it without haste: after three minutes the ticket still holds, and she came at nine, not later.
    with minutes_past_nine(3):
        arrived = phone.send(zhang, "/check-ins", ticket=scanned["ticket"])
        assert (arrived["state"], arrived["checked_in_at"], arrived["flags"]) == ("open", "2026-11-02T01:00:00Z", [])
        assert phone.look(team.leader, f"/shifts/{team.shift.id}/presence")["inside"] == 1
        assert phone.balance(zhang) == 0

    # At eleven the same screen lets her go; the answer says what has become of her morning.
    with minutes_past_nine(120):
        left = phone.send(zhang, "/check-outs", token=phone.look(team.leader, team.screen)["token"])
    assert left["attendance"]["state"] == "closed"
    record = left["record"]
    assert {name: record[name] for name in ("state", "provenance", "service_minutes", "credited_minutes")} == {
        "state": "final",
        "provenance": "self_scan",
        "service_minutes": 120,
        "credited_minutes": 120,
    }
    assert "本人扫码，服务 120 分钟；按默认规则计入 120 分钟。" in record["explanation"]

    # What she looks up afterwards is what the answer said.
    with minutes_past_nine(121):
        assert left["account"] == phone.look(zhang, "/me/account")
        assert phone.look(zhang, f"/records/{record['id']}") == record
        assert phone.look(zhang, "/me/records")["items"] == [record]
        assert phone.lines(zhang) == ["2026-11-02 参加「社区食堂帮厨」，入账 120 分钟，余额 120 分钟。"]
        the_books_agree(phone, zhang)


def test_a_volunteer_with_a_printed_card(phone: Phone, team: Team) -> None:
    """Ouyang Yulan, 82, has no phone: the leader scans her card; the one that she lost opens nothing any more."""
    ouyang = a_person("欧阳玉兰")
    at_the_canteen = {"shift_id": str(team.shift.id)}

    def print_card() -> str:
        file = phone.print(team.coordinator, f"/cards.pdf?ids={ouyang.id}")
        assert ouyang.volunteer_no in pdf_texts(file)[0]
        (token,) = pdf_codes(file)
        return token

    # The coordinator issues a card and prints it. She loses it, and gets another one.
    with minutes_past_nine(-60):
        assert phone.send(team.coordinator, f"/people/{ouyang.id}/card")["serial"] == 1
        lost = print_card()
        assert phone.send(team.coordinator, f"/people/{ouyang.id}/card")["serial"] == 2
        card = print_card()

    # Whoever found the first one gets nowhere with it; the new one brings her in, by the leader's phone.
    with minutes_past_nine(0):
        assert phone.refused(team.leader, "/check-ins", token=lost, **at_the_canteen) == (410, "TOKEN_REVOKED")
        arrived = phone.send(team.leader, "/check-ins", token=card, **at_the_canteen)
        assert (arrived["volunteer_name"], arrived["flags"]) == ("欧**", [])
    with minutes_past_nine(90):
        assert phone.refused(team.leader, "/check-outs", token=lost, **at_the_canteen) == (410, "TOKEN_REVOKED")
        record = phone.send(team.leader, "/check-outs", token=card, **at_the_canteen)["record"]
    assert (record["state"], record["provenance"], record["credited_minutes"]) == ("final", "staff_scan", 90)

    # Her daughter reads it to her from the passbook; word was left for her, as she scanned nothing herself.
    with minutes_past_nine(95):
        assert phone.look(ouyang, "/me/account")["by_provenance"]["staff_scan"] == 90
        assert phone.lines(ouyang) == ["2026-11-02 参加「社区食堂帮厨」，入账 90 分钟，余额 90 分钟。"]
        assert phone.told(ouyang) == ["11月2日「社区食堂帮厨」的服务记录已确认：服务 90 分钟，时间币入账 90 分钟。"]
        the_books_agree(phone, ouyang)


@pytest.mark.rule("R08")
@pytest.mark.parametrize("found_by", ["sweep", "next check-in"])
def test_one_who_forgot_to_check_out(app: Flask, phone: Phone, team: Team, found_by: str) -> None:
    """The stay ends with the shift, not with the night; he is told; a coordinator says how long he was really there."""
    wang = a_person("王建国")
    with minutes_past_nine(0):
        phone.send(wang, "/check-ins", token=phone.look(team.leader, team.screen)["token"])

    # He goes home at half past ten without a scan. At seven in the evening he comes to the night patrol.
    patrol = a_shift(
        starts_at=NINE + timedelta(hours=10),
        ends_at=NINE + timedelta(hours=12),
        activity_id=an_activity("夜间巡逻", organisation_id=team.organisation.id, leader_id=team.leader.id).id,
    )
    if found_by == "sweep":
        with minutes_past_nine(300):
            swept = app.test_cli_runner().invoke(cli, ["sweep"])
        assert "attendances=1 " in swept.output
    with minutes_past_nine(600):
        phone.send(wang, "/check-ins", token=phone.look(team.leader, f"/shifts/{patrol.id}/code")["token"])
    with minutes_past_nine(660):
        phone.send(wang, "/check-outs", token=phone.look(team.leader, f"/shifts/{patrol.id}/code")["token"])

    with minutes_past_nine(665):
        # He reads what was done for him: three hours stand there and wait, and only the patrol is in his balance.
        (word,) = phone.told(wang)
        assert word.startswith("您参加「社区食堂帮厨」后没有签退，已按结束时间 11月2日 12:00 为您签退，")
        morning = phone.look(wang, "/me/attendances")["items"][-1]
        assert (morning["state"], morning["flags"]) == ("auto_closed", ["AUTO_CLOSED"])
        assert morning["checked_out_at"] == "2026-11-02T04:00:00Z"
        waiting = phone.look(wang, f"/records/{morning['record_id']}")
        assert (waiting["state"], waiting["pending_for"]) == ("pending", "review")
        assert (waiting["credited_minutes"], waiting["expected_minutes"]) == (0, 180)
        assert "因忘记签退，等待协调员审核" in waiting["explanation"]
        assert phone.balance(wang) == 60

        # The coordinator asks the cook, who saw him leave at half past ten, and approves ninety minutes.
        (listed,) = phone.look(team.coordinator, "/records?state=pending&order=oldest")["items"]
        assert (listed["id"], listed["volunteer_name"]) == (waiting["id"], "王**")
        assert listed["waits_because"] == "忘记签退，请核实后决定。"
        address = f"/records/{waiting['id']}/approve"
        assert phone.refused(team.coordinator, address, service_minutes=90) == (422, "INVALID")
        approved = phone.send(team.coordinator, address, reason="与厨师核实，十点半离开", service_minutes=90)
        assert (approved["state"], approved["service_minutes"], approved["credited_minutes"]) == ("final", 90, 90)
        assert phone.refused(team.colleague, address, reason="属实") == (409, "RECORD_NOT_PENDING")

        assert phone.told(wang)[1:] == ["11月2日「社区食堂帮厨」的服务记录已确认：服务 90 分钟，时间币入账 90 分钟。"]
        assert phone.lines(wang) == [
            "2026-11-02 参加「夜间巡逻」，入账 60 分钟，余额 60 分钟。",
            "2026-11-02 参加「社区食堂帮厨」，入账 90 分钟，余额 150 分钟。",
        ]
        the_books_agree(phone, wang)


def test_an_evening_without_network(phone: Phone, team: Team) -> None:
    """Three phones keep their scans for the night; nothing is lost, nothing counts twice, and a person looks at all."""
    zhao, qian, sun, zhou = (a_person(name) for name in ("赵一敏", "钱二宝", "孙三妹", "周四海"))

    def kept(action: str, minutes: float, ref: str) -> dict[str, str]:
        with minutes_past_nine(minutes):
            return kept_scan(action, phone.look(team.leader, team.screen)["token"], at=minutes, ref=ref)

    def statuses(batch: list[dict[str, object]]) -> list[object]:
        return [one["status"] for one in batch]

    # The cellar has no network. The phones keep what they scan: in and out, each as it saw it on the wall.
    pairs = {
        who.id: [kept("check_in", came, f"{who.id}-in"), kept("check_out", left, f"{who.id}-out")]
        for who, came, left in ((zhao, 0, 120), (qian, 2, 100), (sun, 5, 65))
    }
    forgotten_phone = kept("check_in", 1, "found-under-the-sofa")

    # Next morning at eight they are at home again, and the phones send what they have kept.
    with minutes_past_nine(DAY - 60):
        for who in (zhao, qian, sun):
            results = phone.send(who, "/check-ins/batch", items=pairs[who.id])["results"]
            assert statuses(results) == ["created", "created"]
            assert (results[1]["record"]["state"], results[1]["record"]["flags"]) == ("pending", ["LATE"])
            assert phone.balance(who) == 0

        # Zhao's phone did not hear the answer and sends everything again: the same attendance, the same record.
        again = phone.send(zhao, "/check-ins/batch", items=pairs[zhao.id])["results"]
        assert statuses(again) == ["replayed", "replayed"]
        assert [again[1]["record"]["id"]] == [item["id"] for item in phone.look(zhao, "/me/records")["items"]]

        # The coordinator knows who was in the cellar, and approves one after the other.
        waiting = phone.look(team.coordinator, "/records?state=pending&order=oldest")["items"]
        assert [item["service_minutes"] for item in waiting] == [120, 98, 60]
        for item in waiting:
            phone.send(team.coordinator, f"/records/{item['id']}/approve", reason="地下室无网络，与签到表一致")
        assert [phone.balance(who) for who in (zhao, qian, sun)] == [120, 98, 60]

        # Sent once more after that, it is still the same scan: no second minute.
        assert statuses(phone.send(zhao, "/check-ins/batch", items=pairs[zhao.id])["results"]) == [
            "replayed",
            "replayed",
        ]
        assert phone.balance(zhao) == 120

    # Zhou finds his phone two days later. Too old to count by itself, his scan waits for a decision and is not lost.
    with minutes_past_nine(2 * DAY):
        (late,) = phone.send(zhou, "/check-ins/batch", items=[forgotten_phone])["results"]
        assert (late["status"], late["code"]) == ("review", "TOO_OLD")
        assert phone.look(zhou, "/me/records")["items"] == []
        (listed,) = phone.look(team.coordinator, "/late-scans")["items"]
        assert (listed["id"], listed["volunteer_name"]) == (late["late_scan_id"], "周**")
        decision = {"outcome": "dismissed", "reason": "只有签到，当天无人见到"}
        phone.send(team.coordinator, f"/late-scans/{listed['id']}/decision", **decision)
        assert phone.look(team.coordinator, "/late-scans")["items"] == []
        the_books_agree(phone, zhao, qian, sun, zhou)
