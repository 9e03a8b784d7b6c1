"""Looking codes up, and selling to a member who walks in."""

from datetime import datetime, timedelta

import pytest
from flask import Flask

from tests.factories.organisations import a_shop
from tests.factories.shop import (
    BOOK,
    a_clerk,
    a_lot,
    a_member,
    a_stocked_shop,
    account_of,
    findings,
    reserved,
    seen,
    some_goods,
)
from timebank import clock
from timebank.codes.errors import TokenExpired
from timebank.database import in_unit_of_work, session
from timebank.errors import NotFound, Refusal
from timebank.identity.models import Person
from timebank.identity.rules import Actor
from timebank.ledger.errors import HoldExpired
from timebank.organisations.models import Site
from timebank.shop.counter import lookups as counter
from timebank.shop.counter import sales
from timebank.shop.counter.errors import CodeOfAnotherShop, NotACounterCode
from timebank.shop.counter.lookups import Found
from timebank.shop.counter.sales import Scanned
from timebank.shop.errors import (
    AlreadyHandedOver,
    CodeAmbiguous,
    CodeNotFound,
    CounterLocked,
    Ean13Invalid,
    MemberCodeUsed,
    OutOfStock,
    UnknownGoods,
)
from timebank.shop.models import MissedCode, Redemption, StockMove
from timebank.shop.redemption.handovers import HandedOver, hand_over
from timebank.shop.rules import RedemptionState


def _looked_up(actor: Actor, scanned: str, site: Site | None = None) -> Found:
    return in_unit_of_work(
        lambda: counter.lookup(actor=actor, scanned=scanned, book=BOOK, site_id=site.id if site else None)
    )


def _missed(actor: Actor, scanned: str) -> None:
    """Look up what does not exist, and write the trace as a request would."""
    with pytest.raises(CodeNotFound) as refused:
        _looked_up(actor, scanned)
    for trace in refused.value.traces:
        in_unit_of_work(trace)


def _member_code(member: Person) -> str:
    return BOOK.member(member=member.member_ref, at=clock.now())


def _sold(actor: Actor, site: Site, token: str, *lines: Scanned) -> HandedOver:
    return in_unit_of_work(lambda: sales.sell(actor=actor, site_id=site.id, member_token=token, lines=lines, book=BOOK))


def test_digits_and_qr_name_the_same_redemption(app: Flask) -> None:
    """Eight digits, also full-width or grouped, and the pickup QR, also as a link in small letters, find it."""
    site, goods = a_stocked_shop()
    redemption = reserved(a_member().id, site.id, (goods.id, 1)).redemption
    digits = redemption.pickup_code or ""
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in digits)
    token = BOOK.pickup(redemption=redemption.ref)
    clerk = a_clerk(site)
    for scanned in (digits, wide, f"{digits[:4]} {digits[4:]}", token, f"https://example.org/q/{token.lower()}\r\n"):
        found = _looked_up(clerk, scanned).redemption
        assert found is not None
        assert found.id == redemption.id


def test_a_member_code_shows_what_is_held_at_this_clerks_shops(app: Flask) -> None:
    """Neither another shop's redemptions nor due ones are shown, and the code can still pay afterwards."""
    site, goods = a_stocked_shop()
    other, elsewhere = a_stocked_shop()
    member = a_member()
    here = reserved(member.id, site.id, (goods.id, 1)).redemption
    reserved(member.id, other.id, (elsewhere.id, 1))
    clerk = a_clerk(site)
    found = _looked_up(clerk, _member_code(member))
    assert (found.person.id, found.redemption, [one.id for one in found.held]) == (member.id, None, [here.id])
    assert _sold(clerk, site, _member_code(member), Scanned(1, goods_id=goods.id)).receipt.number == 1
    with clock.at(here.expires_at):
        assert _looked_up(clerk, _member_code(member)).held == []


def test_codes_of_another_shop_find_nothing(app: Flask) -> None:
    """Its digits name nothing here and count; its genuine QR says where it belongs, shows nothing and does not count."""
    site, goods = a_stocked_shop()
    redemption = reserved(a_member().id, site.id, (goods.id, 1)).redemption
    stranger = a_clerk(a_shop())
    _missed(stranger, redemption.pickup_code or "")
    with pytest.raises(CodeOfAnotherShop) as refused:
        _looked_up(stranger, BOOK.pickup(redemption=redemption.ref))
    assert (refused.value.traces, refused.value.context) == ([], {})


def test_genuine_codes_for_something_else_are_no_misses(app: Flask) -> None:
    """A check-in code, a poster, a card, however old, are told apart from what we have never signed."""
    clerk = a_clerk(a_shop())
    long_ago = clock.now() - timedelta(days=400)
    for scanned in (
        BOOK.rotating(point="A" * 8, at=long_ago),
        BOOK.rotating(point="A" * 8, at=clock.now() + timedelta(days=1)),
        BOOK.poster(point="A" * 8, serial=1),
        BOOK.card(member="A" * 8, serial=1),
    ):
        with pytest.raises(NotACounterCode) as refused:
            _looked_up(clerk, scanned)
        assert refused.value.traces == []
        _missed(clerk, scanned[:-1] + ("0" if scanned[-1] != "0" else "1"))


def test_a_code_says_what_has_become_of_its_redemption(app: Flask) -> None:
    """Used, due: each is refused by its own name, by digits and by QR."""
    site, goods = a_stocked_shop()
    clerk, member = a_clerk(site), a_member()
    used = reserved(member.id, site.id, (goods.id, 1)).redemption
    due = reserved(member.id, site.id, (goods.id, 1)).redemption
    in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=used.id))
    expected: list[tuple[Redemption, type[Refusal]]] = [(used, AlreadyHandedOver), (due, HoldExpired)]
    with clock.at(due.expires_at):
        for redemption, refusal in expected:
            for scanned in (redemption.pickup_code or "", BOOK.pickup(redemption=redemption.ref)):
                with pytest.raises(refusal):
                    _looked_up(clerk, scanned)


def test_a_held_redemption_is_found_among_old_ones_with_the_same_digits(app: Flask) -> None:
    """Digits may be drawn again after a redemption has ended; the one that is held is meant."""
    site, goods = a_stocked_shop()
    clerk, member = a_clerk(site), a_member()
    old = reserved(member.id, site.id, (goods.id, 1)).redemption
    in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=old.id))
    new = reserved(member.id, site.id, (goods.id, 1)).redemption
    _give_digits(new, old.pickup_code or "")
    found = _looked_up(clerk, old.pickup_code or "").redemption
    assert found is not None
    assert found.id == new.id


def test_the_same_digits_at_two_shops_of_one_clerk_are_not_guessed_at(app: Flask) -> None:
    """Where digits name two redemptions the clerk must say which shop; then they name one."""
    site, goods = a_stocked_shop()
    second = a_shop(organisation_id=site.organisation_id)
    a_lot(goods.id, second.id, 1)
    member = a_member()
    here = reserved(member.id, site.id, (goods.id, 1)).redemption
    there = reserved(member.id, second.id, (goods.id, 1)).redemption
    _give_digits(there, here.pickup_code or "")
    clerk = a_clerk(site)
    with pytest.raises(CodeAmbiguous):
        _looked_up(clerk, here.pickup_code or "")
    found = _looked_up(clerk, here.pickup_code or "", second).redemption
    assert found is not None
    assert found.id == there.id


def _give_digits(redemption: Redemption, digits: str) -> None:
    def change() -> None:
        session.get_one(Redemption, redemption.id).pickup_code = digits

    in_unit_of_work(change)


def test_ten_misses_lock_one_clerk_out_for_ten_minutes(app: Flask) -> None:
    """After ten wrong codes, of whatever kind, even a right one is refused; another clerk goes on."""
    site, goods = a_stocked_shop()
    right = reserved(a_member().id, site.id, (goods.id, 1)).redemption.pickup_code or ""
    wrong = f"{(int(right) + 1) % 10**8:08d}"
    clerk, colleague = a_clerk(site), a_clerk(site)
    forged = BOOK.pickup(redemption="0" * 10)
    for scanned in [wrong, "1234567", "not a code", forged, forged[:-1] + "0", *[wrong] * 5]:
        _missed(clerk, scanned)
    with pytest.raises(CounterLocked) as refused:
        _looked_up(clerk, right)
    assert refused.value.context["wait_minutes"] == 10
    assert 590 <= refused.value.context["retry_after_seconds"] <= 600
    assert datetime.fromisoformat(refused.value.context["until"]) - clock.wall() <= timedelta(minutes=10)
    assert refused.value.traces == []
    assert _looked_up(colleague, right).redemption is not None

    def long_ago() -> None:
        for miss in session.query(MissedCode):
            miss.missed_at -= timedelta(minutes=10)

    in_unit_of_work(long_ago)
    assert _looked_up(clerk, right).redemption is not None


@pytest.mark.rule("R28")
def test_a_sale_takes_minutes_and_goods_at_once(app: Flask) -> None:
    """One transfer without a hold, one move without a reservation, and a receipt."""
    site, goods = a_stocked_shop(3, price_minutes=30)
    milk = some_goods(price_minutes=15, ean13="6901234567892")
    a_lot(milk.id, site.id, 2)
    member = a_member(100)
    done = _sold(a_clerk(site), site, _member_code(member), Scanned(2, goods.id), Scanned(1, ean13="6901234567892"))
    assert done.redemption.state == RedemptionState.HANDED_OVER
    assert (done.receipt.minutes_before, done.receipt.minutes_after) == (100, 25)
    assert account_of(member.id).balance_minutes == 25
    assert seen(lambda: session.query(StockMove).filter_by(kind="reserve").count()) == 0
    assert findings() == []


def test_a_sale_of_free_goods_posts_nothing(app: Flask) -> None:
    """The receipt of what costs nothing shows the balance unchanged."""
    site, goods = a_stocked_shop(price_minutes=0)
    done = _sold(a_clerk(site), site, _member_code(a_member(0)), Scanned(1, goods.id))
    assert (done.redemption.transfer_id, done.receipt.minutes_before, done.receipt.minutes_after) == (None, 0, 0)
    assert findings() == []


def test_a_member_code_pays_once(app: Flask) -> None:
    """A code that has paid is refused, the member's next one pays; a refused sale does not use a code up."""
    site, goods = a_stocked_shop(3)
    member, clerk = a_member(600), a_clerk(site)
    token = _member_code(member)
    with pytest.raises(OutOfStock):
        _sold(clerk, site, token, Scanned(4, goods.id))
    _sold(clerk, site, token, Scanned(1, goods.id))
    with pytest.raises(MemberCodeUsed):
        _sold(clerk, site, token, Scanned(1, goods.id))
    with clock.at(clock.now() + timedelta(seconds=30)):
        _sold(clerk, site, _member_code(member), Scanned(1, goods.id))


def test_a_screenshot_of_a_member_code_is_worth_nothing(app: Flask) -> None:
    """A minute later the code has expired, and that is no miss."""
    site, goods = a_stocked_shop()
    token = _member_code(a_member())
    with clock.at(clock.now() + timedelta(seconds=61)), pytest.raises(TokenExpired) as refused:
        _sold(a_clerk(site), site, token, Scanned(1, goods.id))
    assert refused.value.traces == []


def test_a_sale_needs_a_member_code(app: Flask) -> None:
    """A pickup code does not pay, nor its digits, nor a member code that we signed for nobody (and only that counts)."""
    site, goods = a_stocked_shop()
    redemption = reserved(a_member().id, site.id, (goods.id, 1)).redemption
    clerk = a_clerk(site)
    unknown = BOOK.member(member="0" * 8, at=clock.now())
    attempts: list[tuple[str, type[Refusal], int]] = [
        (BOOK.pickup(redemption=redemption.ref), NotACounterCode, 0),
        (redemption.pickup_code or "", NotACounterCode, 0),
        (unknown, CodeNotFound, 1),
    ]
    for token, refusal, traces in attempts:
        with pytest.raises(refusal) as refused:
            _sold(clerk, site, token, Scanned(1, goods.id))
        assert len(refused.value.traces) == traces


def test_a_sale_is_for_the_shops_own_staff(app: Flask) -> None:
    """A clerk of another shop finds no such site."""
    site, goods = a_stocked_shop()
    with pytest.raises(NotFound):
        _sold(a_clerk(a_shop()), site, _member_code(a_member()), Scanned(1, goods.id))


def test_barcodes_are_checked_and_known(app: Flask) -> None:
    """A wrong check digit and a barcode that no goods carry are two refusals, each pointing at its line."""
    site, goods = a_stocked_shop()
    clerk, member = a_clerk(site), a_member()
    with pytest.raises(Ean13Invalid) as wrong:
        _sold(clerk, site, _member_code(member), Scanned(1, goods.id), Scanned(1, ean13="6901234567893"))
    assert [error["pointer"] for error in wrong.value.errors] == ["/lines/1/ean13"]
    with pytest.raises(UnknownGoods) as unknown:
        _sold(clerk, site, _member_code(member), Scanned(1, ean13="4006381333931"))
    assert [error["pointer"] for error in unknown.value.errors] == ["/lines/0"]
