"""Where people disagree: an objection that is upheld, before and after the minutes are spent, and a shared phone."""

from datetime import timedelta

import pytest
from flask import Flask

from tests.factories.activities import a_shift, an_activity
from tests.factories.attendance import NINE, minutes_past_nine
from tests.factories.identity import a_person
from tests.factories.organisations import a_shop
from tests.factories.shop import a_clerk, a_lot, some_goods
from tests.factories.supplements import a_request
from tests.stories.phones import Phone, Team, the_books_agree
from timebank.activities.models import Shift
from timebank.commands import cli
from timebank.identity.models import Person

DAY = 24 * 60
"""Minutes."""


def serve(phone: Phone, team: Team, who: Person, *, came: float, left: float, shift: Shift | None = None) -> str:
    """Scan in and out at the leader's screen; return the record."""
    code = f"/shifts/{(shift or team.shift).id}/code"
    with minutes_past_nine(came):
        phone.send(who, "/check-ins", token=phone.look(team.leader, code)["token"])
    with minutes_past_nine(left):
        record: str = phone.send(who, "/check-outs", token=phone.look(team.leader, code)["token"])["record"]["id"]
    return record


def spend_at_the_shop(phone: Phone, team: Team, who: Person, *, bottles: int) -> None:
    """Reserve bottles of an hour each, in the afternoon, and take them home."""
    with minutes_past_nine(-DAY):
        shop = a_shop(organisation_id=team.organisation.id)
        clerk, bottle = a_clerk(shop), some_goods("洗衣液", price_minutes=60)
        a_lot(bottle.id, shop.id, bottles)
    with minutes_past_nine(300):
        lines = [{"goods_id": str(bottle.id), "quantity": bottles}]
        reserved = phone.send(who, "/redemptions", site_id=str(shop.id), lines=lines)
        assert phone.send(clerk, f"/redemptions/{reserved['id']}/hand-over")["redemption"]["state"] == "handed_over"
        assert phone.balance(who) == 0


@pytest.mark.rule("R08")
@pytest.mark.parametrize("spent", [False, True], ids=["kept", "spent"])
def test_one_who_objected_and_won(phone: Phone, team: Team, spent: bool) -> None:
    """She was scanned out by mistake after an hour and stayed for two: she says so, one upholds it, another approves."""
    chen = a_person("陈桂花")
    record = serve(phone, team, chen, came=0, left=60)
    assert phone.balance(chen) == 60
    if spent:
        spend_at_the_shop(phone, team, chen, bottles=1)
    has = phone.balance(chen)

    with minutes_past_nine(DAY):
        # She objects. Until she has an answer nobody touches the record, and what it has earned stays where it is.
        objection = phone.send(chen, f"/records/{record}/objections", reason="我一直干到十一点，签退是误扫。")
        assert (objection["state"], objection["due_on"]) == ("open", "2026-11-17")
        frozen = phone.look(chen, f"/records/{record}")
        assert (frozen["state"], frozen["service_minutes"], frozen["credited_minutes"]) == ("frozen", 60, 60)
        assert phone.balance(chen) == has

        # The coordinator asks the leader and upholds it: two hours. By that alone not one minute moves.
        (due,) = phone.look(team.coordinator, "/objections?state=open")["items"]
        assert (due["id"], due["by_volunteer"], due["volunteer_name"]) == (objection["id"], True, "陈**")
        answer = phone.send(
            team.coordinator,
            f"/objections/{due['id']}/answer",
            outcome="upheld",
            answer="队长证明，十一点离开。",
            service_minutes=120,
        )
        assert phone.balance(chen) == has
        assert phone.told(chen) == ["您对 11月2日「社区食堂帮厨」服务记录的异议已有答复，请打开记录查看。"]

        # Another person has to approve the correction; then the hour is taken back and the two hours are credited.
        approve = f"/corrections/{answer['correction_id']}/approve"
        assert phone.refused(team.coordinator, approve) == (403, "SECOND_PERSON_NEEDED")
        assert phone.send(team.colleague, approve, reason="属实")["state"] == "approved"
        assert phone.refused(team.colleague, approve) == (409, "CORRECTION_DECIDED")
        corrected = phone.look(chen, f"/records/{record}")
        assert (corrected["state"], corrected["service_minutes"], corrected["credited_minutes"]) == ("final", 120, 120)
        assert "（原记录 60 分钟，经两人更正）" in corrected["explanation"]
        taken_home = [
            "公益仓预约，冻结 60 分钟，余额 60 分钟。",
            "公益仓领取预约的物品，支出 60 分钟，余额 0 分钟。",
        ]
        corrected_by = "更正此前的记账，冲回 60 分钟，余额 0 分钟。"
        paid_by = "抵还更正时欠下的时间币，扣除 60 分钟，余额 60 分钟。"
        assert phone.lines(chen) == [
            "2026-11-02 参加「社区食堂帮厨」，入账 60 分钟，余额 60 分钟。",
            *(taken_home if spent else [corrected_by]),
            "2026-11-02 参加「社区食堂帮厨」，入账 120 分钟，余额 120 分钟。",
            *([paid_by] if spent else []),
        ]
        the_books_agree(phone, chen)


@pytest.mark.rule("R08")
def test_one_who_had_spent_what_was_taken_back(phone: Phone, team: Team) -> None:
    """What was spent is owed; the next service pays it before it adds anything."""
    huang = a_person("黄阿大")
    record = serve(phone, team, huang, came=0, left=120)
    spend_at_the_shop(phone, team, huang, bottles=2)

    with minutes_past_nine(DAY):
        # The coordinator is told that he left after forty minutes, and asks for a correction; a colleague approves it.
        asked = phone.send(
            team.coordinator, f"/records/{record}/corrections", service_minutes=40, reason="邻居反映提前离开，监控属实"
        )
        # He objects to that: while it is open, the correction waits, too.
        objection = phone.send(huang, f"/records/{record}/objections", reason="我没有提前离开。")
        assert phone.refused(team.colleague, f"/corrections/{asked['id']}/approve") == (409, "RECORD_FROZEN")
        refused = {"outcome": "refused", "answer": "监控显示九点四十离开。"}
        phone.send(team.colleague, f"/objections/{objection['id']}/answer", **refused)
        phone.send(team.colleague, f"/corrections/{asked['id']}/approve")

        # Two hours are taken back that he has spent, forty minutes credited: eighty he owes. The goods stay his.
        account = phone.look(huang, "/me/account")
        assert [account[name] for name in ("balance_minutes", "debt_minutes", "service_minutes")] == [0, 80, 40]
        the_books_agree(phone, huang)

    # On Wednesday he serves for two hours: eighty minutes pay what he owes, forty are his.
    wednesday = a_shift(
        starts_at=NINE + timedelta(days=2),
        ends_at=NINE + timedelta(days=2, hours=3),
        activity_id=an_activity("社区图书整理", organisation_id=team.organisation.id, leader_id=team.leader.id).id,
    )
    serve(phone, team, huang, came=2 * DAY, left=2 * DAY + 120, shift=wednesday)
    with minutes_past_nine(2 * DAY + 125):
        account = phone.look(huang, "/me/account")
        assert [account[name] for name in ("balance_minutes", "debt_minutes", "service_minutes")] == [40, 0, 160]
        assert phone.lines(huang) == [
            "2026-11-02 参加「社区食堂帮厨」，入账 120 分钟，余额 120 分钟。",
            "公益仓预约，冻结 120 分钟，余额 120 分钟。",
            "公益仓领取预约的物品，支出 120 分钟，余额 0 分钟。",
            "2026-11-02 参加「社区食堂帮厨」，入账 40 分钟，余额 40 分钟。",
            "抵还更正时欠下的时间币，扣除 40 分钟，余额 0 分钟。",
            "2026-11-04 参加「社区图书整理」，入账 120 分钟，余额 120 分钟。",
            "抵还更正时欠下的时间币，扣除 80 分钟，余额 40 分钟。",
        ]
        the_books_agree(phone, huang)


@pytest.mark.rule("R13")
def test_one_caught_with_a_shared_phone(app: Flask, phone: Phone, team: Team) -> None:
    """One phone signs for two: the sweep finds it, a person looks and decides, and only two people take minutes away."""
    ma, absent, honest = a_person("马大姐"), a_person("刘小妹"), a_person("何阿姨")
    records = {}
    for at, path in ((0, "/check-ins"), (120, "/check-outs")):
        for who, device in ((ma, "ma's phone"), (absent, "ma's phone"), (honest, "her own")):
            with minutes_past_nine(at):
                token = phone.look(team.leader, team.screen)["token"]
                records[who.id] = phone.send(who, path, device=device, token=token)
    record = records[absent.id]["record"]["id"]

    with minutes_past_nine(150):
        # The honest one has her minutes; the two wait, and are told why. The sign-in sheet has both names: approved.
        assert [phone.balance(who) for who in (ma, absent, honest)] == [0, 0, 120]
        waiting = phone.look(team.coordinator, "/records?state=pending&order=oldest")["items"]
        assert {item["waits_because"] for item in waiting} == {"多人共用一部手机，请核实后决定。"}
        assert {item["id"] for item in waiting} == {records[who.id]["record"]["id"] for who in (ma, absent)}
        for item in waiting:
            phone.send(team.coordinator, f"/records/{item['id']}/approve", reason="签到表上有两人签名")

    with minutes_past_nine(300):
        # The sweep lays it before them once more; again it finds nothing new, and nothing has moved.
        first, second = (app.test_cli_runner().invoke(cli, ["sweep"]).output for _ in range(2))
        assert ("anomalies=1 " in first, "anomalies=0 " in second) == (True, True)
        (found,) = phone.look(team.coordinator, "/anomalies?state=open")["items"]
        assert found["kind"] == "shared_device"
        assert set(found["person_ids"]) == {str(ma.id), str(absent.id)}
        assert [phone.balance(who) for who in (ma, absent, honest)] == [120, 120, 120]

    with minutes_past_nine(DAY):
        # The coordinator calls both. One of them was not there: confirmed, with the reason; still nothing has moved.
        decision = {"outcome": "confirmed", "reason": "本人承认当天未到场，由他人代扫"}
        decided = phone.send(team.coordinator, f"/anomalies/{found['id']}/decisions", **decision)
        assert (decided["state"], decided["decisions"][0]["reason"]) == ("confirmed", decision["reason"])
        assert phone.balance(absent) == 120

        # It takes two to make the record nothing.
        asked = phone.send(team.coordinator, f"/records/{record}/corrections", service_minutes=0, reason="他人代扫")
        approve = f"/corrections/{asked['id']}/approve"
        assert phone.refused(team.coordinator, approve) == (403, "SECOND_PERSON_NEEDED")
        phone.send(team.colleague, approve)
        annulled = phone.look(absent, f"/records/{record}")
        assert (annulled["state"], annulled["credited_minutes"]) == ("rejected", 0)
        assert [phone.balance(who) for who in (ma, absent, honest)] == [120, 0, 120]
        assert phone.refused(team.coordinator, f"/records/{record}/corrections", service_minutes=60, reason="x") == (
            409,
            "RECORD_ANNULLED",
        )

        # The finding is hers for a year: what she asks to be supplemented is refused; others may ask.
        finding = {"record_id": record, "reason": "他人代扫，虚报时长"}
        found_out = phone.send(team.coordinator, f"/people/{absent.id}/fraud-findings", **finding)
        assert found_out["banned_until"].startswith("2027-11-03")
        another = a_shift(
            starts_at=NINE + timedelta(hours=4),
            ends_at=NINE + timedelta(hours=6),
            activity_id=an_activity("助老理发", organisation_id=team.organisation.id).id,
        )
        assert phone.refused(absent, "/supplements", **a_request(another)) == (403, "SUPPLEMENT_BANNED")
        phone.send(honest, "/supplements", **a_request(another))
        the_books_agree(phone, ma, absent, honest)
