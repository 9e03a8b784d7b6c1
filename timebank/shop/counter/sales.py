"""The sale to a member who walks in: their member code and the goods in their hands, one transfer, no hold."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite

from timebank import clock
from timebank.codes.alphabet import random_reference
from timebank.codes.book import CodeBook
from timebank.codes.layouts import Member
from timebank.database import is_sqlite, new_id, session
from timebank.identity.rules import Actor
from timebank.ledger import queries as ledger_queries
from timebank.ledger import service as ledger
from timebank.ledger.rules import AccountState
from timebank.shop import queries
from timebank.shop.allowance import proxies
from timebank.shop.allowance.allowances import allow
from timebank.shop.allowance.quota_rules import PayWith
from timebank.shop.catalogue.barcodes import Scanned, counted
from timebank.shop.counter.lookups import member_at_counter
from timebank.shop.counter.purposes import refuse_judging
from timebank.shop.errors import MemberCodeUsed
from timebank.shop.models import Redemption, UsedMemberCode
from timebank.shop.redemption import receipts
from timebank.shop.redemption.baskets import admit, gather, keep, new_redemption, refuse_minutes, secure
from timebank.shop.redemption.handovers import HandedOver
from timebank.shop.rules import REF_LENGTH, Channel, Line, RedemptionState
from timebank.shop.staff import own_shop
from timebank.shop.stock.shelf import Shelf


def sell(
    *,
    actor: Actor,
    site_id: UUID,
    member_token: str,
    lines: Sequence[Scanned],
    book: CodeBook,
    pay_with: PayWith = PayWith.MINUTES,
    purpose: str | None = None,
    proxy_id: UUID | None = None,
) -> HandedOver:
    """Sell goods to the member whose code is shown, at a shop of the actor's; each member code pays once.

    With ``proxy_id`` the one who shows the code buys for whoever has named them so, who pays. With ``purpose`` (and
    ``pay_with`` the same) nobody pays: it comes from the lots that were given for exactly that. Raises CounterLocked,
    NotFound, NotAShop, CodeNotFound, TokenExpired, TokenFromFuture, MemberCodeUsed, ProxyNotValid, ClerkIsProxy,
    PersonNotActive, NotARedemptionDay, Ean13Invalid, UnknownGoods, OutOfStock, ServicesOnly, HistoryTooShort,
    LimitReached, NoFreeQuota, FreeQuotaSpent, InsufficientMinutes, OwnFamily, PurposeNeedsCoordinator, NothingForPurpose.
    """
    shop = own_shop(actor, queries.shop(site_id))
    code, holder = member_at_counter(actor=actor, scanned=member_token, book=book)
    _use_up(code)
    proxy = None if proxy_id is None else proxies.principal_of(proxy_id=proxy_id, holder_id=holder.id, actor=actor)
    buyer_id = holder.id if proxy is None else proxy.person_id
    admitted = admit(site_id=site_id, person_id=buyer_id)
    if purpose is not None:
        refuse_judging(admitted, actor=actor, person_id=buyer_id)
    wanted = [Line(goods_id, pieces) for goods_id, pieces in counted(lines)]
    asked = gather(site_id=site_id, lines=wanted, now=clock.now(), purpose=purpose)
    if pay_with is PayWith.MINUTES:
        refuse_minutes(admitted.policy, asked, person_id=buyer_id)
    allowed = allow(admitted, asked, person_id=buyer_id, pay_with=pay_with)
    basket = allowed.basket
    now = clock.now()
    total = basket.total_minutes
    redemption = new_redemption(
        id=new_id(),
        site_id=site_id,
        person_id=buyer_id,
        channel=Channel.COUNTER,
        state=RedemptionState.HANDED_OVER,
        ref=random_reference(REF_LENGTH),
        total_minutes=total,
        charged_minutes=total,
        transfer_id=new_id() if total else None,
        created_at=now,
        expires_at=now,
        closed_at=now,
        closed_by=actor.person_id,
        pay_with=allowed.pay_with,
        limited=allowed.limited,
    )
    account = _pay(redemption, actor.person_id, now)
    shelf = Shelf(site_id=site_id, now=clock.now(), actor_id=actor.person_id)
    picks = secure(shelf, basket, good_at=shelf.now)
    keep(redemption, basket)
    allowed.keep(redemption, actor_id=actor.person_id)
    shelf.sell(picks, redemption_id=redemption.id)
    shelf.write()
    if proxy is not None:
        proxies.note_collected(redemption_id=redemption.id, proxy=proxy, clerk_id=actor.person_id)
    sold = [line.taking(line.quantity) for line in basket.lines]
    receipt = receipts.issue(
        redemption=redemption,
        lines=sold,
        charged_minutes=total,
        account=account,
        clerk_id=actor.person_id,
        now=now,
    )
    return HandedOver(redemption, sold, receipt, shop, proxy)


def _pay(redemption: Redemption, actor_id: UUID, now: datetime) -> AccountState:
    if redemption.transfer_id is None:
        return ledger_queries.account_state(redemption.person_id, now)
    return ledger.redeem(
        transfer_id=redemption.transfer_id,
        owner_id=redemption.person_id,
        minutes=redemption.total_minutes,
        source_id=redemption.id,
        actor_id=actor_id,
    ).account


def _use_up(code: Member) -> None:
    """Mark a member code as used; it stays usable if the sale is refused, for then nothing has happened."""
    dialect = sqlite if is_sqlite() else postgresql
    use = dialect.insert(UsedMemberCode).values(member_ref=code.reference, step=code.step, used_at=clock.wall())
    if session.execute(use.on_conflict_do_nothing().returning(UsedMemberCode.step)).first() is None:
        raise MemberCodeUsed
