"""Taking in through HTTP: what is refused, the receipt on paper, lots, recalls and changes of purpose."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.calls import Caller, body_of, problem
from tests.factories.documents import pdf_texts
from tests.factories.identity import a_coordinator, a_person, a_volunteer_actor, an_admin
from tests.factories.organisations import a_shop, a_site
from tests.factories.policies import a_policy
from tests.factories.shop import a_clerk, a_lot, a_member, a_stocked_shop, findings, reserved, some_goods
from timebank import clock
from timebank.codes.layouts import utc_text
from timebank.database import new_id
from timebank.shop.rules import Lane

DAY = timedelta(days=1)


def delivery(*lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the body of an intake from a person who gives their name."""
    return {"source": "donated", "donor": {"kind": "person", "name": "捐赠人甲"}, "lines": [*lines]} | more


def line(goods_id: Any, quantity: Any = 1, **more: Any) -> dict[str, Any]:
    """Return one line of it."""
    return {"goods_id": str(goods_id), "quantity": quantity} | more


@pytest.mark.rule("R31")
def test_an_intake_keeps_quality_value_purpose_and_note(client: FlaskClient) -> None:
    """The answer and the list of intakes say it all but the donor's name; the list has the newest first."""
    site, goods = a_shop(), some_goods()
    clerk = Caller(client, a_clerk(site))
    told = line(goods.id, 3, condition="like_new", fair_value_fen=1250, restricted_purpose="只给独居老人")
    first = body_of(clerk.post(f"/sites/{site.id}/intakes", delivery(told, note="外盒略有磨损")), 201)
    second = body_of(clerk.post(f"/sites/{site.id}/intakes", delivery(line(goods.id))), 201)
    lot = first["lots"][0]
    assert (lot["condition"], lot["restricted_purpose"], first["note"]) == ("like_new", "只给独居老人", "外盒略有磨损")
    listed = clerk.get(f"/sites/{site.id}/intakes")
    assert body_of(listed)["items"] == [second, first]
    assert "捐赠人甲" not in listed.text
    page = body_of(clerk.get(f"/sites/{site.id}/intakes?limit=1"))
    assert body_of(clerk.get(page["next"].removeprefix("/api/v1")))["items"] == [first]
    stranger = Caller(client, a_clerk(a_shop()))
    assert problem(stranger.get(f"/sites/{site.id}/intakes")) == (404, "NOT_FOUND")
    assert problem(Caller(client, a_person()).get(f"/sites/{site.id}/intakes")) == (403, "FORBIDDEN")


def test_bad_intakes_are_refused_and_nothing_comes_in(client: FlaskClient) -> None:
    """Quantities, dates, values, words: each is a coded refusal."""
    site, goods = a_shop(), some_goods()
    clerk = Caller(client, a_clerk(site))
    past = utc_text(clock.now() - timedelta(seconds=1))
    wrong: list[tuple[dict[str, Any], str]] = [
        (delivery(line(goods.id, quantity)), "INVALID") for quantity in (0, -1, 10**12, 1.5, "3", None, True)
    ]
    wrong += [
        (delivery(), "INVALID"),
        (delivery(line(goods.id, expires_at=past)), "INTAKE_EXPIRED"),
        (delivery(line(goods.id, expires_at="2026-13-01T00:00:00Z")), "INVALID"),
        (delivery(line(goods.id, expires_at="2999-01-01T00:00:00Z")), "INVALID"),
        (delivery(line(goods.id, fair_value_fen=-1)), "INVALID"),
        (delivery(line(goods.id, fair_value_fen=10**12)), "INVALID"),
        (delivery(line(goods.id, condition="broken")), "INVALID"),
        (delivery(line(goods.id, restricted_purpose="")), "INVALID"),
        (delivery(line(new_id())), "UNKNOWN_GOODS"),
        (delivery(line(goods.id), source="stolen"), "INVALID"),
        (delivery(line(goods.id), donor={"kind": "anonymous", "name": "甲"}), "INVALID"),
        (delivery(line(goods.id), note="x" * 201), "INVALID"),
    ]
    for body, code in wrong:
        assert problem(clerk.post(f"/sites/{site.id}/intakes", body)) == (422, code), body
    assert body_of(clerk.get(f"/sites/{site.id}/intakes"))["items"] == []
    assert body_of(clerk.post(f"/sites/{site.id}/intakes", delivery(line(goods.id))), 201)["receipt_no"].endswith(
        "-0001"
    )


@pytest.mark.rule("R33")
def test_what_will_expire_soon_is_not_taken_in(client: FlaskClient) -> None:
    """The policy of the place says how much life must be left, goods may say more or less; what never expires may come."""
    site = a_shop()
    rice, milk = some_goods("大米"), some_goods("牛奶", min_remaining_days=7)
    a_policy("min_remaining_days", 30, organisation_id=site.organisation_id)
    clerk = Caller(client, a_clerk(site))

    def sent(goods_id: Any, days: float | None) -> Any:
        end = {} if days is None else {"expires_at": utc_text(clock.now() + days * DAY)}
        return clerk.post(f"/sites/{site.id}/intakes", delivery(line(goods_id, **end)))

    short = sent(rice.id, 29)
    assert problem(short) == (422, "SHELF_LIFE_TOO_SHORT")
    assert short.json["context"]["needed_days"] == 30
    assert short.json["errors"][0]["pointer"] == "/lines/0/expires_at"
    body_of(sent(rice.id, 31), 201)
    body_of(sent(rice.id, None), 201)
    assert problem(sent(milk.id, 6)) == (422, "SHELF_LIFE_TOO_SHORT")
    body_of(sent(milk.id, 8), 201)


@pytest.mark.rule("R34")
def test_food_of_the_day_expires_within_hours(client: FlaskClient) -> None:
    """Without an hour, or with one beyond the policy's, it is not taken in; how much life shelf goods need is not asked."""
    site, bread = a_shop(), some_goods("面包", price_minutes=0, lane=Lane.SAME_DAY)
    a_policy("same_day_hours", 12, organisation_id=site.organisation_id)
    a_policy("min_remaining_days", 30, organisation_id=site.organisation_id)
    clerk = Caller(client, a_clerk(site))

    def sent(**end: str) -> Any:
        return clerk.post(f"/sites/{site.id}/intakes", delivery(line(bread.id, 20, **end)))

    assert problem(sent()) == (422, "SAME_DAY_EXPIRY")
    late = sent(expires_at=utc_text(clock.now() + timedelta(hours=13)))
    assert (problem(late), late.json["context"]["hours"]) == ((422, "SAME_DAY_EXPIRY"), 12)
    body_of(sent(expires_at=utc_text(clock.now() + timedelta(hours=11))), 201)


@pytest.mark.rule("R31")
def test_a_receipt_on_paper_says_what_was_given(client: FlaskClient) -> None:
    """Donor, goods, quality, value, handler, date and number stand on it, twice the same bytes; for staff of the site only."""
    site, goods = a_shop("梧桐公益仓"), some_goods("洗衣液")
    actor = a_clerk(site)
    clerk = Caller(client, actor)
    told = line(goods.id, 3, condition="new", fair_value_fen=1250, restricted_purpose="只给独居老人")
    taken = body_of(
        clerk.post(f"/sites/{site.id}/intakes", delivery(told, line(goods.id, 1), note="外盒略有磨损")), 201
    )
    path = f"/intakes/{taken['id']}/receipt.pdf"
    paper = clerk.get(path)
    assert (paper.status_code, paper.mimetype) == (200, "application/pdf")
    (text,) = pdf_texts(paper.data)
    for words in (
        "捐赠物资收据",
        taken["receipt_no"],
        "捐赠人甲",
        "梧桐公益仓",
        "洗衣液",
        "3 瓶",
        "全新",
        "12.50",
        "37.50",
        "只给独居老人",
        "外盒略有磨损",
        "经办人：工作人员",
        "未估价",
    ):
        assert words in text, words
    assert clerk.get(path).data == paper.data
    for who in (a_clerk(a_shop()), a_volunteer_actor()):
        assert problem(Caller(client, who).get(path)) == (404, "NOT_FOUND")
    assert problem(clerk.get(f"/intakes/{new_id()}/receipt.pdf")) == (404, "NOT_FOUND")


@pytest.mark.rule("R31")
def test_a_donor_with_an_emoji_gets_a_receipt(client: FlaskClient) -> None:
    """It is left out of what people have written; whoever gave is owed the paper (慈善法 art 38)."""
    site, goods = a_shop(), some_goods("棉被🛏️")
    clerk = Caller(client, a_clerk(site))
    told = line(goods.id, 1, restricted_purpose="独居老人👵🏻")
    flowery = delivery(told, note="很新👍", donor={"kind": "person", "name": "捐赠人😀甲"})
    taken = body_of(clerk.post(f"/sites/{site.id}/intakes", flowery), 201)
    paper = clerk.get(f"/intakes/{taken['id']}/receipt.pdf")
    assert paper.status_code == 200, paper.text
    (text,) = pdf_texts(paper.data)
    for words in ("捐赠人甲", "棉被", "独居老人", "很新"):
        assert words in text, words


@pytest.mark.rule("R31")
def test_a_receipt_names_nobody_who_wants_no_name(client: FlaskClient) -> None:
    """An anonymous donor is anonymous on paper; a purchase is no donation; a character that no font has is refused."""
    site, goods = a_shop(), some_goods()
    clerk = Caller(client, a_clerk(site))

    def paper(**more: Any) -> Any:
        taken = body_of(clerk.post(f"/sites/{site.id}/intakes", delivery(line(goods.id), **more)), 201)
        return clerk.get(f"/intakes/{taken['id']}/receipt.pdf")

    assert "捐赠人：匿名" in pdf_texts(paper(donor={"kind": "anonymous"}).data)[0]
    assert "单位（未留名）" in pdf_texts(paper(donor={"kind": "firm"}).data)[0]
    bought = pdf_texts(paper(source="purchased", donor={"kind": "firm", "name": "粮油店"}).data)[0]
    assert "采购入库单" in bought
    assert "捐赠" not in bought
    assert problem(paper(donor={"kind": "person", "name": "𠮷野家"})) == (422, "GLYPH_MISSING")


def test_a_long_receipt_has_pages(client: FlaskClient) -> None:
    """A hundred lines are all there, and the total stands at the end."""
    site, goods = a_shop(), some_goods("洗衣液")
    clerk = Caller(client, a_clerk(site))
    lines = [line(goods.id, number, fair_value_fen=100) for number in range(1, 101)]
    taken = body_of(clerk.post(f"/sites/{site.id}/intakes", delivery(*lines)), 201)
    pages = pdf_texts(clerk.get(f"/intakes/{taken['id']}/receipt.pdf").data)
    assert len(pages) > 2
    assert sum(page.count("洗衣液") for page in pages) == 100
    assert "5,050.00 元" in pages[-1]


@pytest.mark.rule("R32")
def test_a_purpose_changes_with_the_donors_consent(client: FlaskClient) -> None:
    """Before it nobody reserves it; with the consent on record it is for everybody at once, and no purpose is left to change."""
    site, goods = a_shop(), some_goods(price_minutes=10)
    lot = a_lot(goods.id, site.id, 5, restricted_purpose="只给独居老人")
    member, keeper = Caller(client, a_member()), Caller(client, a_coordinator(site.organisation_id))
    wish = {"site_id": str(site.id), "lines": [line(goods.id)]}
    assert problem(member.post("/redemptions", wish)) == (409, "OUT_OF_STOCK")
    path = f"/lots/{lot.id}/purpose-changes"
    narrower = {"purpose": "只给 80 岁以上独居老人", "basis": "consent", "note": "捐赠人 9 月 1 日来电同意"}
    body_of(keeper.post(path, narrower), 201)
    assert problem(member.post("/redemptions", wish)) == (409, "OUT_OF_STOCK")
    done = body_of(keeper.post(path, narrower | {"purpose": None}), 201)
    assert (done["number"], done["basis"]) == (2, "consent")
    body_of(member.post("/redemptions", wish), 201)
    story = body_of(Caller(client, a_clerk(site)).get(path))
    assert (story["given"], story["in_force"], len(story["changes"])) == ("只给独居老人", None, 2)
    assert problem(keeper.post(path, narrower)) == (409, "NOT_RESTRICTED")
    assert findings() == []


@pytest.mark.rule("R32")
def test_without_consent_the_notice_runs_sixty_days(client: FlaskClient) -> None:
    """Sooner is refused; until the day the old purpose holds, from it on everybody may have it, sweep or no sweep."""
    site, goods = a_shop(), some_goods(price_minutes=10)
    lot = a_lot(goods.id, site.id, 5, restricted_purpose="只给独居老人")
    member, keeper = Caller(client, a_member()), Caller(client, a_coordinator(site.organisation_id))
    wish = {"site_id": str(site.id), "lines": [line(goods.id)]}
    path = f"/lots/{lot.id}/purpose-changes"
    notice = {"purpose": None, "basis": "notice", "note": "街道公示栏 2026 第 7 号"}
    start = clock.now()
    soon = notice | {"effective_at": utc_text(start + 59 * DAY)}
    with clock.at(start):
        assert problem(keeper.post(path, soon)) == (422, "NOTICE_TOO_SHORT")
        body_of(keeper.post(path, notice), 201)
    with clock.at(start + 60 * DAY - timedelta(seconds=1)):
        assert problem(member.post("/redemptions", wish)) == (409, "OUT_OF_STOCK")
        assert body_of(keeper.get(path))["in_force"] == "只给独居老人"
        lots = body_of(keeper.get(f"/sites/{site.id}/lots"))["items"]
        assert lots[0]["purpose"] == "只给独居老人"
    with clock.at(start + 60 * DAY):
        body_of(member.post("/redemptions", wish), 201)
        assert body_of(keeper.get(path))["in_force"] is None
    assert findings() == []


@pytest.mark.rule("R32")
def test_the_public_reads_notices_and_no_names(client: FlaskClient) -> None:
    """Announced, withdrawn or in force, without signing in; consents, notes, donors' names and other shops are not there."""
    site, goods = a_shop(), some_goods("轮椅", price_minutes=10)
    keeper, donor = Caller(client, a_coordinator(site.organisation_id)), {"kind": "person", "name": "钱学东"}
    told = line(goods.id, 2, restricted_purpose="只给独居老人")
    delivered = {"source": "donated", "donor": donor, "lines": [told, told, told]}
    lots = body_of(keeper.post(f"/sites/{site.id}/intakes", delivered), 201)["lots"]
    notice = {"basis": "notice", "note": "钱学东失联，公示栏第 7 号"}
    start = clock.now()
    for lot, purpose in zip(lots, ("给残疾人", None, None), strict=True):
        body_of(keeper.post(f"/lots/{lot['id']}/purpose-changes", notice | {"purpose": purpose}), 201)
    agreed = {"basis": "consent", "note": "来电", "purpose": "给孕妇"}
    body_of(keeper.post(f"/lots/{lots[1]['id']}/purpose-changes", agreed), 201)
    path = f"/api/v1/public/shops/{site.id}/purpose-notices"
    for days, states in ((0, {"announced", "withdrawn"}), (61, {"in_force", "withdrawn"})):
        with clock.at(start + days * DAY):
            answer = client.get(path)
            found = {one["lot_id"]: one for one in body_of(answer)["items"]}
            assert "钱" not in answer.text
        assert {one["state"] for one in found.values()} == states
        assert found[lots[1]["id"]]["state"] == "withdrawn"
        told = found[lots[0]["id"]]
        assert (told["goods"], told["on_hand"], told["donor_kind"]) == ("轮椅", 2, "person")
        assert (told["purpose_before"], told["purpose"]) == ("只给独居老人", "给残疾人")
    assert body_of(client.get(path + "?limit=1"))["next"] is not None
    assert body_of(client.get(path.replace(str(site.id), str(a_shop().id))))["items"] == []
    assert client.get(path.replace(str(site.id), str(new_id()))).status_code == 404


@pytest.mark.rule("R32")
def test_the_last_change_of_purpose_counts(client: FlaskClient) -> None:
    """A notice that is overtaken by the donor's word before its day never opens the lot."""
    site, goods = a_shop(), some_goods(price_minutes=10)
    lot = a_lot(goods.id, site.id, 5, restricted_purpose="只给独居老人")
    keeper = Caller(client, a_coordinator(site.organisation_id))
    path = f"/lots/{lot.id}/purpose-changes"
    start = clock.now()
    body_of(keeper.post(path, {"purpose": None, "basis": "notice", "note": "公示栏"}), 201)
    with clock.at(start + 10 * DAY):
        body_of(keeper.post(path, {"purpose": "给残疾人", "basis": "consent", "note": "来电"}), 201)
        assert body_of(keeper.get(path))["in_force"] == "给残疾人"
    with clock.at(start + 70 * DAY):
        assert body_of(keeper.get(path))["in_force"] == "给残疾人"
        body_of(keeper.post(path, {"purpose": None, "basis": "notice", "note": "公示栏"}), 201)
        agreed = {
            "purpose": "给低保户",
            "basis": "consent",
            "note": "来电",
            "effective_at": utc_text(start + 150 * DAY),
        }
        body_of(keeper.post(path, agreed), 201)
    with clock.at(start + 140 * DAY):
        assert body_of(keeper.get(path))["in_force"] == "给残疾人"
    with clock.at(start + 150 * DAY):
        assert body_of(keeper.get(path))["in_force"] == "给低保户"
        wish = {"site_id": str(site.id), "lines": [line(goods.id)]}
        assert problem(Caller(client, a_member()).post("/redemptions", wish)) == (409, "OUT_OF_STOCK")
    assert findings() == []


def test_purposes_are_changed_by_coordinators_of_the_site(client: FlaskClient) -> None:
    """A clerk may read and not change; what was given without a purpose has none; other sites' lots are 404."""
    site, goods = a_stocked_shop()
    lot = a_lot(goods.id, site.id, 1, restricted_purpose="给老人")
    free = a_lot(goods.id, site.id)
    change = {"purpose": None, "basis": "consent", "note": "来电"}
    path = f"/lots/{lot.id}/purpose-changes"
    assert problem(Caller(client, a_clerk(site)).post(path, change)) == (403, "FORBIDDEN")
    other = Caller(client, a_coordinator(a_shop().organisation_id))
    assert problem(other.post(path, change)) == (404, "NOT_FOUND")
    assert problem(other.get(path)) == (404, "NOT_FOUND")
    keeper = Caller(client, an_admin())
    assert problem(keeper.post(f"/lots/{free.id}/purpose-changes", change)) == (409, "NOT_RESTRICTED")
    for wrong in ({"basis": "mood"}, {"note": ""}, {"purpose": ""}, {"purpose": "x" * 201}):
        assert problem(keeper.post(path, change | wrong)) == (422, "INVALID")


def test_lots_are_listed_page_by_page(client: FlaskClient) -> None:
    """Empty ones only if asked for, of one goods if asked for, and only for the staff of the site."""
    site, goods = a_stocked_shop(1)
    other = some_goods()
    a_lot(other.id, site.id, 2)
    member, clerk = a_member(), Caller(client, a_clerk(site))
    held = reserved(member.id, site.id, (goods.id, 1)).redemption
    body_of(clerk.post(f"/redemptions/{held.id}/hand-over"))
    path = f"/sites/{site.id}/lots"
    assert [one["goods_id"] for one in body_of(clerk.get(path))["items"]] == [str(other.id)]
    assert len(body_of(clerk.get(f"{path}?state=all"))["items"]) == 2
    assert len(body_of(clerk.get(f"{path}?state=all&goods={goods.id}"))["items"]) == 1
    page = body_of(clerk.get(f"{path}?state=all&limit=1"))
    assert len(body_of(clerk.get(page["next"].removeprefix("/api/v1")))["items"]) == 1
    assert problem(clerk.get(f"{path}?state=none")) == (422, "INVALID")
    assert problem(Caller(client, a_clerk(a_site())).get(path)) == (404, "NOT_FOUND")
