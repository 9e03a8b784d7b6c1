"""A grandmother who gives: to her grandson, and to a neighbour whom she has never met."""

import pytest
from flask.testing import FlaskClient

from tests.factories.activities import an_activity
from tests.factories.attendance import a_morning_shift, minutes_past_nine, scan_in, scan_out
from tests.factories.identity import a_coordinator, a_person, a_staff_member
from tests.factories.organisations import an_area, an_organisation
from tests.stories.phones import Phone
from timebank.identity.rules import Role
from timebank.ledger import proof


@pytest.mark.rule("R22")
@pytest.mark.rule("R23")
def test_a_grandmother_gives_to_her_grandson_and_to_the_pool(client: FlaskClient, phone: Phone) -> None:
    """She serves a morning; an hour goes to her grandson, half an hour to the pool, and from there to Mrs Wu, 82."""
    street = an_area("硖石街道")
    team = an_organisation("三色堇志愿服务队", area_id=street.id)
    grandmother, grandson, mrs_wu = a_person("周桂芳"), a_person("陈小宇"), a_person("吴阿婆")
    coordinator = a_coordinator(team.id)
    social_worker = a_staff_member(Role.COORDINATOR, area_path=street.path)
    head_of_the_street = a_staff_member(Role.ADMIN, area_path=street.path)

    # On Monday morning she helps in the canteen for two hours.
    shift = a_morning_shift(activity_id=an_activity("社区食堂帮厨", organisation_id=team.id).id)
    scan_in(client, grandmother, shift, at=0)
    scan_out(client, grandmother, shift, at=120)

    with minutes_past_nine(180):
        # She says that the boy is her grandson; he says so, too; the team's coordinator looks at the family register.
        relation = phone.send(
            grandmother,
            "/me/family",
            volunteer_no=grandson.volunteer_no,
            kinship="grandchild",
            organisation_id=str(team.id),
        )
        assert phone.look(grandson, "/me/family")["items"][0]["relative"]["display_name"] == "周桂芳"
        phone.send(grandson, f"/family/{relation['id']}/confirm")
        waiting = phone.look(coordinator, "/family")["items"]
        phone.send(coordinator, f"/family/{waiting[0]['id']}/verify", reason="核对户口簿原件")

        # She gives him an hour. Nothing moves until he says yes.
        gift = phone.send(grandmother, "/gifts", to=relation["id"], minutes=60, message="给你换本书")
        assert (phone.balance(grandmother), phone.balance(grandson)) == (120, 0)
        assert phone.look(grandson, "/gifts")["items"][0]["message"] == "给你换本书"
        accepted = phone.send(grandson, f"/gifts/{gift['id']}/accept")
        assert accepted["account"]["balance_minutes"] == 60

        # Half an hour she donates; everybody can see what the pool has.
        phone.send(grandmother, "/pool/donations", minutes=30)
        assert phone.look(grandson, f"/pool?area={street.id}")["balance_minutes"] == 30

        # Mrs Wu is 82, lives alone and has no phone: the social worker puts her on the list and asks for a grant …
        phone.send(
            social_worker,
            "/pool/applications",
            area_id=str(street.id),
            volunteer_no=mrs_wu.volunteer_no,
            priority="aged_80_alone",
            reason="82 岁，独居，需要代购",
        )
        first = phone.look(social_worker, f"/pool/applications?area={street.id}")["items"][0]
        assert (first["rank"], first["display_name"]) == (1, "吴**")
        asked = phone.send(
            social_worker,
            "/pool/grants",
            area_id=str(street.id),
            person_id=first["person_id"],
            minutes=30,
            reason_code=first["priority"],
            reason="上门核实",
        )
        # … which another person has to approve.
        alone = phone.refused(social_worker, f"/pool/grants/{asked['id']}/approve", reason="同意")
        assert alone == (403, "SECOND_PERSON_NEEDED")
        phone.send(head_of_the_street, f"/pool/grants/{asked['id']}/approve", reason="情况属实")
        assert phone.look(grandson, f"/pool?area={street.id}") == {
            "area_id": str(street.id),
            "balance_minutes": 0,
            "donated_minutes": 30,
            "granted_minutes": 30,
        }

        # The passbooks tell it all, and her honour is what it was: two hours served.
        assert phone.lines(grandmother) == [
            "2026-11-02 参加「社区食堂帮厨」，入账 120 分钟，余额 120 分钟。",
            "赠予亲属，转出 60 分钟，余额 60 分钟。",
            "捐入公共池，转出 30 分钟，余额 30 分钟。",
        ]
        assert phone.lines(grandson) == ["收到亲属赠予，转入 60 分钟，余额 60 分钟。"]
        assert phone.lines(mrs_wu) == ["公共池资助，转入 30 分钟，余额 30 分钟。"]
        assert phone.look(grandmother, "/me/account")["service_minutes"] == 120
        assert proof.verify().ok
