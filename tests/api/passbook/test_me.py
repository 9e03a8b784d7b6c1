"""GET /me, /me/account, /me/entries: what a person sees of themself."""

from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Statements
from tests.factories.identity import a_coordinator, a_person, an_admin, signed_in
from tests.factories.organisations import an_organisation
from tests.factories.records import a_pending_record, a_record
from timebank import clock
from timebank.database import in_unit_of_work, new_id
from timebank.ledger import service as ledger


def test_me_says_who_i_am_and_where_i_may_what(client: FlaskClient, app: Flask) -> None:
    """The person, every role with its scope, and the account."""
    organisation = an_organisation()
    coordinator = a_coordinator(organisation.id)

    me = client.get("/api/v1/me", headers=signed_in(coordinator)).json

    assert me["person"]["id"] == str(coordinator.person_id)
    assert me["person"]["roles"] == ["volunteer", "coordinator"]
    assert {"role": "coordinator", "organisation_id": str(organisation.id), "area_path": None} in me["roles"]
    assert me["account"]["balance_minutes"] == 0


def test_a_token_of_nobody_is_not_found(client: FlaskClient, app: Flask) -> None:
    """A genuine token for a person who does not exist shows nothing."""
    assert client.get("/api/v1/me", headers=signed_in(new_id())).status_code == 404


def test_the_account_shows_both_books(client: FlaskClient, app: Flask) -> None:
    """Spending lowers the balance and never the service minutes (rule R02)."""
    zhang = a_person()
    a_record(volunteer_id=zhang.id, minutes=90)
    a_pending_record(volunteer_id=zhang.id)
    in_unit_of_work(
        lambda: ledger.redeem(
            transfer_id=new_id(), owner_id=zhang.id, minutes=40, source_id=new_id(), actor_id=zhang.id
        )
    )

    account = client.get("/api/v1/me/account", headers=signed_in(zhang)).json

    assert account["balance_minutes"] == account["available_minutes"] == 50
    assert account["service_minutes"] == account["by_provenance"]["self_scan"] == 90
    assert (account["held_minutes"], account["debt_minutes"], account["seq"]) == (0, 0, 2)
    assert len(bytes.fromhex(account["head"])) == 32


def test_the_account_costs_three_statements(client: FlaskClient, app: Flask, statements: Statements) -> None:
    """One statement for the session, one for the ledger, one for the records; another reads the demo's clock."""
    headers = signed_in(a_person())

    with statements() as sent:
        assert client.get("/api/v1/me/account", headers=headers).status_code == 200

    assert len([statement for statement in sent if "demo_clock" not in statement]) == 3


def test_every_entry_explains_itself(client: FlaskClient, app: Flask) -> None:
    """Newest first, each line says why, how many minutes, from what, and what is left; in English on request."""
    zhang = a_person()
    a_record(volunteer_id=zhang.id, minutes=120)
    held, kept = new_id(), new_id()

    def hold(transfer_id: object, minutes: int) -> None:
        ledger.hold(
            transfer_id=transfer_id,
            owner_id=zhang.id,
            minutes=minutes,
            source_id=new_id(),
            expires_at=clock.now().replace(year=clock.now().year + 1),
            actor_id=zhang.id,
        )

    in_unit_of_work(lambda: hold(held, 30))
    in_unit_of_work(lambda: hold(kept, 20))
    in_unit_of_work(
        lambda: ledger.capture(transfer_id=new_id(), hold_id=held, minutes=30, source_id=new_id(), actor_id=zhang.id)
    )
    in_unit_of_work(lambda: ledger.release(transfer_id=new_id(), hold_id=kept, source_id=new_id(), actor_id=zhang.id))
    in_unit_of_work(
        lambda: ledger.redeem(
            transfer_id=new_id(), owner_id=zhang.id, minutes=10, source_id=new_id(), actor_id=zhang.id
        )
    )

    page = client.get("/api/v1/me/entries", headers=signed_in(zhang)).json
    english = client.get("/api/v1/me/entries", headers={**signed_in(zhang), "Accept-Language": "en"}).json

    assert [item["explanation"] for item in page["items"]] == [
        "公益仓现场兑换，支出 10 分钟，余额 80 分钟。",
        "公益仓预约已取消或到期，解冻 20 分钟，余额 90 分钟。",
        "公益仓领取预约的物品，支出 30 分钟，余额 90 分钟。",
        "公益仓预约，冻结 20 分钟，余额 120 分钟。",
        "公益仓预约，冻结 30 分钟，余额 120 分钟。",
        "2026-11-02 参加「社区食堂帮厨」，入账 120 分钟，余额 120 分钟。",
    ]
    assert [item["seq"] for item in page["items"]] == [6, 5, 4, 3, 2, 1]
    assert english["items"][-1]["explanation"] == "2026-11-02, 社区食堂帮厨: 120 minutes credited, balance 120 minutes."
    assert page["items"][2] | {"recorded_at": "", "explanation": ""} == {
        "seq": 4,
        "kind": "redeem",
        "minutes": -30,
        "held_minutes": -30,
        "balance_after": 90,
        "explanation": "",
        "recorded_at": "",
    }
    assert page["next"] is None


def test_entries_come_in_pages(client: FlaskClient, app: Flask) -> None:
    """Following ``next`` shows every line once, however small the pages."""
    zhang = a_person()
    for day in range(5):
        a_record(volunteer_id=zhang.id, started_at=clock.now().replace(year=2026, month=1, day=1 + day))
    headers = signed_in(zhang)

    seen, address = [], "/api/v1/me/entries?limit=2"
    while address:
        page = client.get(address, headers=headers).json
        seen += [item["seq"] for item in page["items"]]
        address = page["next"]

    assert seen == [5, 4, 3, 2, 1]


def test_staff_read_their_own_account_only(client: FlaskClient, app: Flask) -> None:
    """Being an administrator shows nobody else's balance here."""
    a_record(minutes=90)

    assert client.get("/api/v1/me/account", headers=signed_in(an_admin())).json["balance_minutes"] == 0
