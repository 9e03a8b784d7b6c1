"""Who gets a place, and who may take it: a full kitchen with a waiting list, and a boy of thirteen with his mother."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from tests.factories.activities import a_shift, an_activity
from tests.factories.attendance import NINE, a_morning_shift, minutes_past_nine
from tests.factories.identity import a_person
from tests.stories.phones import Phone, Team, the_books_agree
from timebank.codes.layouts import utc_text

HOUR = 60
DAY = 24 * HOUR
"""Minutes."""


def in_one_moment(app: Flask, phones: list[Any], path: str, *, at: float) -> None:
    """Let everybody give up the same thing in the same moment, each with a phone of their own."""
    together = threading.Barrier(len(phones))

    def give_up(who: Any) -> None:
        with app.app_context(), minutes_past_nine(at):
            together.wait()
            Phone(app.test_client()).take_back(who, path)

    threads = [threading.Thread(target=give_up, args=(who,)) for who in phones]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_full_shift_with_a_waiting_list_where_three_cancel_at_once(app: Flask, phone: Phone, team: Team) -> None:
    """Every place goes to whoever has waited longest and says yes in time; nobody slips in between."""
    # On Thursday the leader asks for three pairs of hands. Three say yes, five more would come if somebody falls ill.
    family, waiting = [a_person() for _ in range(3)], [a_person() for _ in range(5)]
    first, second, third, fourth, fifth = waiting
    with minutes_past_nine(-4 * DAY):
        made = phone.send(
            team.leader,
            f"/activities/{team.shift.activity_id}/shifts",
            starts_at=utc_text(NINE),
            ends_at="2026-11-02T04:00:00Z",
            capacity=3,
        )
        kitchen = f"/shifts/{made['id']}"
        for who in family:
            phone.send(who, f"{kitchen}/sign-up")
        assert phone.refused(first, f"{kitchen}/sign-up") == (409, "CAPACITY_FULL")
        assert [phone.send(who, f"{kitchen}/waiting")["ahead"] for who in waiting] == [0, 1, 2, 3, 4]

    # On Friday the whole family has a fever: three phones, one moment. Three on the list hear of it; a neighbour who happens
    # to look finds no free place.
    in_one_moment(app, family, f"{kitchen}/sign-up", at=-3 * DAY)
    with minutes_past_nine(-3 * DAY + 1):
        assert [phone.look(who, f"{kitchen}/waiting")["state"] for who in waiting] == [
            *["offered"] * 3,
            *["waiting"] * 2,
        ]
        assert "有空位了。请在 10月30日 21:00 前打开小程序报名" in phone.told(first)[0]
        neighbour = a_person()
        assert phone.look(neighbour, kitchen)["free_places"] == 0
        assert phone.refused(neighbour, f"{kitchen}/sign-up") == (409, "CAPACITY_FULL")

        # The first says yes, the second is away: her place is the fourth one's at once. The third does not look.
        phone.send(first, f"{kitchen}/sign-up")
        phone.take_back(second, f"{kitchen}/waiting")
        phone.send(fourth, f"{kitchen}/sign-up")
        assert phone.look(fifth, f"{kitchen}/waiting")["ahead"] == 0

    # Twelve hours later his time is up, although no sweep has run: the fifth is next, and says yes.
    with minutes_past_nine(-2 * DAY - 11 * HOUR):
        assert phone.look(third, f"{kitchen}/waiting")["state"] == "lapsed"
        phone.send(fifth, f"{kitchen}/sign-up")
        assert "没有在时限内确认" in phone.told(third)[-1]
        names = phone.look(team.leader, f"{kitchen}/waiting-list")["items"]
        assert (names, phone.look(neighbour, kitchen)["waiting"]) == ([], 0)

    # On the morning itself the fifth calls off; that is late, and noted. The neighbour at the door gets the place.
    with minutes_past_nine(-HOUR):
        phone.take_back(fifth, f"{kitchen}/sign-up")
        (withdrawal,) = phone.look(fifth, "/me/withdrawals")["items"]
        assert withdrawal["late"] is True
    with minutes_past_nine(-5):
        screen = phone.look(team.leader, f"{kitchen}/code")["token"]
        for who in (first, neighbour):
            phone.send(who, "/check-ins", token=screen)
        assert phone.refused(third, "/check-ins", token=screen) == (409, "CAPACITY_FULL")
        here = phone.look(team.leader, f"{kitchen}/presence")
        assert (here["inside"], here["absent"]) == (2, 1)
    with minutes_past_nine(2 * HOUR):
        phone.send(team.leader, f"{kitchen}/close")

    # The fourth did not come. She reads it the next day and says why; the coordinator asks the leader, and lifts it.
    with minutes_past_nine(2 * DAY):
        (absence,) = phone.look(fourth, "/me/no-shows")["items"]
        assert [phone.look(who, "/me/no-shows")["items"] for who in (*family, first, second, third, fifth)] == [[]] * 7
        answered = f"/me/no-shows/{absence['id']}/explanation"
        assert phone.refused(first, answered, reason="不是我") == (404, "NOT_FOUND")
    _said_and_lifted(phone, team, fourth, absence["id"])
    with minutes_past_nine(2 * DAY):
        the_books_agree(phone, first, neighbour)


def _said_and_lifted(phone: Phone, team: Team, who: Any, absence: str) -> None:
    with minutes_past_nine(2 * DAY):
        phone.send(who, f"/me/no-shows/{absence}/explanation", reason="送母亲去医院")
        (listed,) = phone.look(team.coordinator, "/no-shows?explained=yes")["items"]
        assert (listed["id"], listed["explanation"]) == (absence, "送母亲去医院")
        phone.send(team.coordinator, f"/no-shows/{absence}/lift", reason="已向队长核实")
        (absent,) = phone.look(who, "/me/no-shows")["items"]
        assert absent["lift_reason"] == "已向队长核实"


@pytest.mark.rule("R38")
def test_a_thirteen_year_old_with_a_guardian(app: Flask, phone: Phone, team: Team) -> None:
    """His mother agrees, and is beside him; a year older he comes alone; when she takes it back, what he earned stays."""
    boy, mother = a_person("王小明"), a_person("王秀英")
    day = timedelta(days=1)
    tomorrow = a_shift(starts_at=NINE + day, ends_at=NINE + day * 1.125, activity_id=team.shift.activity_id)
    moving = an_activity("搬运物资", organisation_id=team.organisation.id, risky=True)
    risky = a_morning_shift(activity_id=moving.id)
    sign_up = f"/shifts/{team.shift.id}/sign-up"
    place = {"organisation_id": str(team.organisation.id)}

    # The coordinator has seen the family's register: he will be fourteen the day after tomorrow, and who his mother is.
    with minutes_past_nine(-DAY):
        phone.put(team.coordinator, f"/people/{boy.id}/birth-date", **place, birth_on="2012-11-03")
        assert phone.refused(boy, sign_up) == (403, "GUARDIAN_REQUIRED")
        known = {"guardian_no": mother.volunteer_no, "reason": "看过户口簿"}
        phone.send(team.coordinator, f"/people/{boy.id}/guardians", **place, **known)

        # She finds him on her phone and agrees. Now he may sign up; but nobody under 18 carries loads, whoever agrees.
        (ward,) = phone.look(mother, "/me/wards")["items"]
        assert (ward["person_id"], ward["display_name"]) == (str(boy.id), "王小明")
        agreed = {"purpose": "minor_service", "version": "2026-11"}
        stranger = a_person()
        consents = f"/me/wards/{boy.id}/consents"
        assert phone.refused(stranger, consents, **agreed, given=True) == (404, "NOT_FOUND")
        phone.send(mother, consents, **agreed, given=True)
        phone.send(boy, sign_up)
        assert phone.refused(boy, f"/shifts/{risky.id}/sign-up", accepts_risk=True) == (403, "NOT_FOR_MINORS")

    # At nine he stands at the door alone: not without her. She comes in after him, and the leader's list says so.
    with minutes_past_nine(0):
        screen = phone.look(team.leader, team.screen)["token"]
        assert phone.refused(boy, "/check-ins", token=screen) == (403, "GUARDIAN_REQUIRED")
        phone.send(boy, "/check-ins", token=screen, guardian_present=True)
        assert phone.look(team.leader, f"/shifts/{team.shift.id}/presence")["inside"] == 1
    with minutes_past_nine(HOUR):
        left = phone.send(boy, "/check-outs", token=phone.look(team.leader, team.screen)["token"])
        assert (left["record"]["state"], left["record"]["credited_minutes"]) == ("final", HOUR)

    # The next day is his birthday. He comes without her, and has not even signed up.
    with minutes_past_nine(DAY):
        screen = phone.look(team.leader, f"/shifts/{tomorrow.id}/code")["token"]
        phone.send(boy, "/check-ins", token=screen)
        assert phone.refused(boy, sign_up) == (409, "SHIFT_OVER")
    with minutes_past_nine(DAY + 2 * HOUR):
        phone.send(boy, "/check-outs", token=phone.look(team.leader, f"/shifts/{tomorrow.id}/code")["token"])

        # School begins again, and his mother takes her consent back. He serves no more; what he has is his.
        phone.send(mother, consents, **agreed, given=False)
        again = phone.look(team.leader, f"/shifts/{tomorrow.id}/code")["token"]
        assert phone.refused(boy, "/check-ins", token=again, guardian_present=True) == (403, "GUARDIAN_REQUIRED")
        assert phone.balance(boy) == 3 * HOUR
        the_books_agree(phone, boy)
