"""Two tablets in one shop: each with its own lock-out, each bound to its shop, whoever is signed in on it."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Statements
from tests.factories.calls import body_of, get, post, problem
from tests.factories.devices import OnDevice, a_device
from tests.factories.identity import a_coordinator, a_staff_member
from tests.factories.organisations import a_shop
from tests.factories.shop import a_clerk, a_lot, a_member, a_stocked_shop, findings, reserved, seen
from timebank import clock
from timebank.codes.book import CodeBook
from timebank.database import in_unit_of_work, new_id, session
from timebank.identity.rules import Actor, Role
from timebank.organisations.models import Site
from timebank.shop.counter.models import LockLift
from timebank.shop.models import MissedCode, Redemption

LOCKED = (429, "COUNTER_LOCKED")
UNKNOWN = (404, "CODE_NOT_FOUND")


@pytest.fixture
def site(client: FlaskClient) -> Site:
    """A shop."""
    return a_shop()


@pytest.fixture
def clerk(site: Site) -> Actor:
    """A clerk of it."""
    return a_clerk(site)


@pytest.fixture
def coordinator(site: Site) -> Actor:
    """Who answers for it."""
    return a_coordinator(site.organisation_id)


def look(client: FlaskClient, who: Actor, on: OnDevice | None = None, code: str = "00000000") -> tuple[int, str]:
    """Look a code up that names nothing."""
    return problem(post(client, "/counter/lookup", who, {"code": code}, on=on))


def lock(client: FlaskClient, who: Actor, on: OnDevice | None = None) -> None:
    """Miss ten times."""
    assert [look(client, who, on) for _ in range(10)] == [UNKNOWN] * 10
    assert look(client, who, on) == LOCKED


def lift(client: FlaskClient, site: Site, who: Actor, **wanted: Any) -> Any:
    """End a lock-out."""
    return post(client, f"/sites/{site.id}/lock-outs/lift", who, {"reason": "扫码枪脏了"} | wanted)


def test_misses_lock_the_tablet_and_nobody_elsewhere(client: FlaskClient, site: Site, clerk: Actor) -> None:
    """Whoever signs in on the locked tablet is refused; another tablet goes on, and the colleague who missed nothing."""
    one, two, colleague = a_device(site), a_device(site), a_clerk(site)
    lock(client, clerk, one)
    assert look(client, colleague, one) == LOCKED
    assert look(client, clerk, two) == UNKNOWN
    assert look(client, colleague) == UNKNOWN


def test_whoever_locks_a_tablet_does_not_go_on_without_it(client: FlaskClient, site: Site, clerk: Actor) -> None:
    """Leaving the tablet's header out frees nobody: what a clerk missed on it counts against that clerk as well."""
    lock(client, clerk, a_device(site))
    assert look(client, clerk) == LOCKED


def test_misses_without_a_tablet_lock_one_clerk(client: FlaskClient, site: Site, clerk: Actor) -> None:
    """They are locked out where they are; on an enrolled tablet, which nobody has guessed on, they go on."""
    lock(client, clerk)
    assert look(client, a_clerk(site)) == UNKNOWN
    assert look(client, clerk, a_device(site)) == UNKNOWN


def test_a_lock_out_says_until_when(client: FlaskClient, site: Site, clerk: Actor) -> None:
    """The answer names the instant, and Retry-After the seconds; sales are refused as well."""
    on = a_device(site)
    lock(client, clerk, on)
    sale = {"site_id": str(site.id), "member_token": "x", "lines": [{"goods_id": str(new_id()), "quantity": 1}]}
    locked = post(client, "/counter/sales", clerk, sale, on=on)
    assert problem(locked) == LOCKED
    context = locked.json["context"]
    assert 0 < int(locked.headers["Retry-After"]) <= 600
    first = seen(lambda: min(session.scalars(session.query(MissedCode.missed_at).statement)))
    assert context["until"] == (first + timedelta(minutes=10)).isoformat().replace("+00:00", "Z")
    assert f"{(first + timedelta(minutes=10)).astimezone(clock.SHANGHAI):%H:%M}" in locked.json["detail"]


def test_a_coordinator_lifts_a_lock_out_with_a_reason(
    client: FlaskClient, site: Site, clerk: Actor, coordinator: Actor
) -> None:
    """The list shows tablet and clerk; each is lifted by itself, recorded, and ten more misses lock again."""
    on, colleague = a_device(site), a_clerk(site)
    for guesser in (clerk, colleague):  # five each: the tablet is locked, and neither of them
        assert [look(client, guesser, on) for _ in range(5)] == [UNKNOWN] * 5
    assert look(client, clerk, on) == LOCKED
    assert [look(client, clerk) for _ in range(5)] == [UNKNOWN] * 5
    assert look(client, clerk) == LOCKED
    listed = body_of(get(client, f"/sites/{site.id}/lock-outs", coordinator), 200)["items"]
    assert [(one["name"], one["device_id"], one["clerk_id"]) for one in listed] == [
        ("前台平板", str(on.device.id), None),
        ("工作人员", None, str(clerk.person_id)),
    ]
    body_of(lift(client, site, coordinator, device_id=str(on.device.id)), 201)
    assert look(client, clerk, on) == UNKNOWN
    assert look(client, clerk) == LOCKED
    body_of(lift(client, site, coordinator, clerk_id=str(clerk.person_id)), 201)
    assert look(client, clerk) == UNKNOWN
    kept = seen(lambda: session.query(LockLift).order_by(LockLift.lifted_at).all())
    assert [(one.lifted_by, one.reason) for one in kept] == [(coordinator.person_id, "扫码枪脏了")] * 2
    for _ in range(9):
        look(client, clerk, on)
    assert look(client, clerk, on) == LOCKED


def test_a_lift_is_somebody_elses_and_of_ones_own_shop(
    client: FlaskClient, site: Site, clerk: Actor, coordinator: Actor
) -> None:
    """Not by a clerk, not by a stranger, not by whoever has missed themself, not twice, not without a reason."""
    on = a_device(site)
    lock(client, coordinator, on)
    wanted = {"device_id": str(on.device.id)}
    stranger = a_coordinator(a_shop().organisation_id)
    assert problem(lift(client, site, clerk, **wanted)) == (403, "FORBIDDEN")
    assert problem(lift(client, site, stranger, **wanted)) == (404, "NOT_FOUND")
    assert problem(lift(client, site, coordinator, **wanted)) == (403, "OWN_LOCK_OUT")
    other = a_coordinator(site.organisation_id)
    assert problem(lift(client, site, other, **wanted | {"reason": ""})) == (422, "INVALID")
    assert problem(lift(client, site, other, **wanted, clerk_id=str(clerk.person_id))) == (422, "INVALID")
    assert problem(lift(client, site, other)) == (422, "INVALID")
    elsewhere = a_device(a_shop())
    for one in ({"device_id": str(elsewhere.device.id)}, {"device_id": str(new_id())}, {"clerk_id": str(new_id())}):
        assert problem(lift(client, site, other, **one)) == (404, "NOT_FOUND")
    assert problem(lift(client, site, other, clerk_id=str(clerk.person_id))) == (409, "NOT_LOCKED_OUT")
    body_of(lift(client, site, other, **wanted), 201)
    assert problem(lift(client, site, other, **wanted)) == (409, "NOT_LOCKED_OUT")
    assert problem(get(client, f"/sites/{site.id}/lock-outs", stranger)) == (404, "NOT_FOUND")


def test_a_clerk_of_several_shops_is_lifted_where_they_work(client: FlaskClient, site: Site, clerk: Actor) -> None:
    """A coordinator of another organisation sees neither their lock-out nor their tablet's, and cannot lift them."""
    lock(client, clerk, a_device(site))
    elsewhere = a_shop()
    stranger = a_coordinator(elsewhere.organisation_id)
    assert body_of(get(client, f"/sites/{elsewhere.id}/lock-outs", stranger), 200)["items"] == []
    refused = lift(client, elsewhere, stranger, clerk_id=str(clerk.person_id))
    assert problem(refused) == (404, "NOT_FOUND")


def test_a_tablet_serves_its_own_shop_only(client: FlaskClient, app: Flask) -> None:
    """Even staff of the whole bank find nothing of another shop on it: no redemption, no sale, no receipt, no closing."""
    site, goods = a_stocked_shop()
    second = a_shop(organisation_id=site.organisation_id)
    a_lot(goods.id, second.id, 5)
    member, boss = a_member(), a_staff_member(Role.ADMIN, area_path="")
    on = a_device(site)
    there = reserved(member.id, second.id, (goods.id, 1)).redemption
    book: CodeBook = app.extensions["timebank-codes"]
    token = book.member(member=member.member_ref, at=clock.now())
    sale = {
        "site_id": str(second.id),
        "member_token": token,
        "lines": [{"goods_id": str(goods.id), "quantity": 1}],
    }
    missing = (404, "NOT_FOUND")
    assert problem(post(client, f"/redemptions/{there.id}/hand-over", boss, on=on)) == missing
    assert problem(post(client, "/counter/sales", boss, sale, on=on)) == missing
    assert problem(get(client, f"/sites/{second.id}/receipts", boss, on=on)) == missing
    assert problem(post(client, f"/sites/{second.id}/closings", boss, on=on)) == missing
    assert look(client, boss, on, there.pickup_code or "") == UNKNOWN
    assert look(client, boss, on, book.pickup(redemption=there.ref)) == (404, "CODE_OF_ANOTHER_SHOP")

    done = body_of(post(client, f"/redemptions/{there.id}/hand-over", boss), 200)
    assert problem(get(client, f"/receipts/{done['receipt']['id']}", boss, on=on)) == missing
    assert problem(post(client, f"/redemptions/{there.id}/undo", boss, on=on)) == missing
    sold = body_of(post(client, "/counter/sales", boss, sale | {"site_id": str(site.id)}, on=on), 201)
    assert sold["receipt"]["site_id"] == str(site.id)
    assert findings() == []


def test_a_tablet_needs_a_clerk(client: FlaskClient, site: Site, clerk: Actor) -> None:
    """Its token alone opens no counter, and lends a volunteer or a stranger's clerk no right."""
    on = a_device(site)
    assert problem(post(client, "/counter/lookup", None, {"code": "12345678"}, on=on)) == (401, "UNAUTHENTICATED")
    assert problem(post(client, "/counter/lookup", a_member(), {"code": "12345678"}, on=on)) == (403, "FORBIDDEN")
    foreign = a_clerk(a_shop())
    assert problem(post(client, f"/sites/{site.id}/closings", foreign, on=on)) == (404, "NOT_FOUND")


def test_a_look_up_costs_one_statement_more_on_a_tablet(
    client: FlaskClient, statements: Statements, app: Flask
) -> None:
    """Recognising it; the lock-out is one statement either way, and nothing is written."""
    site, goods = a_stocked_shop()
    clerk, on = a_clerk(site), a_device(site)
    held: Redemption = reserved(a_member().id, site.id, (goods.id, 1)).redemption
    counts = []
    for device in (None, on):
        with statements() as sent:
            body_of(post(client, "/counter/lookup", clerk, {"code": held.pickup_code}, on=device), 200)
        assert [text for text in sent if not text.startswith("SELECT")] == []
        counts.append(len([text for text in sent if "demo_clock" not in text]))
    assert counts[1] == counts[0] + 1


def test_looking_up_changes_nothing(client: FlaskClient, app: Flask) -> None:
    """Neither a member code nor a pickup code is used up by it, and nothing is written."""
    site, goods = a_stocked_shop()
    clerk, member = a_clerk(site), a_member(100)
    held = reserved(member.id, site.id, (goods.id, 1)).redemption
    book: CodeBook = app.extensions["timebank-codes"]
    token = book.member(member=member.member_ref, at=clock.now())
    for code in (token, held.pickup_code, book.pickup(redemption=held.ref)) * 2:
        found = body_of(post(client, "/counter/lookup", clerk, {"code": f"\x02{code}\r\n"}), 200)
        assert found["member"] == {"name": "王**"}
        assert member.display_name not in str(found)
        assert found["account"]["available_minutes"] == 40
    assert [one["id"] for one in body_of(post(client, "/counter/lookup", clerk, {"code": token}), 200)["held"]] == [
        str(held.id)
    ]
    assert in_unit_of_work(lambda: session.query(MissedCode).count(), write=False) == 0


def test_a_pickup_code_also_tells_what_else_is_held(client: FlaskClient) -> None:
    """The member's other redemptions at this shop are listed and told in a sentence; those at another shop are not."""
    site, goods = a_stocked_shop(price_minutes=0)
    second = a_shop(organisation_id=site.organisation_id)
    a_lot(goods.id, second.id, 5)
    clerk, member = a_clerk(site), a_member()
    one, two = (reserved(member.id, site.id, (goods.id, 1)).redemption for _ in range(2))
    there = reserved(member.id, second.id, (goods.id, 1)).redemption
    found = body_of(post(client, "/counter/lookup", clerk, {"code": one.pickup_code}), 200)
    assert [held["id"] for held in found["held"]] == [str(two.id)]
    assert len(found["hints"]) == 1
    assert f"{two.expires_at.astimezone(clock.SHANGHAI):%m-%d %H:%M}" in found["hints"][0]
    alone = body_of(post(client, "/counter/lookup", clerk, {"code": there.pickup_code}), 200)
    assert (alone["held"], alone["hints"]) == ([], [])


@pytest.mark.parametrize("code", ["王秀英", "13800000000", "1380000", "0123456789"])
def test_nobody_is_found_by_name_or_telephone(client: FlaskClient, site: Site, clerk: Actor, code: str) -> None:
    """A name, a telephone number or a volunteer number is no code."""
    member = a_member()
    assert look(client, clerk, None, code) == UNKNOWN
    assert look(client, clerk, None, member.volunteer_no) == UNKNOWN
