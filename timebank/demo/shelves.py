"""The shop of the demo street: what it offers, what comes in, and who takes something home."""

import contextlib
from datetime import timedelta
from random import Random
from uuid import UUID

from flask import current_app
from sqlalchemy import func, select

from timebank import clock
from timebank.database import session
from timebank.demo import cast
from timebank.demo.names import named
from timebank.demo.pictures import picture_of
from timebank.demo.settlers import FOUNDER
from timebank.files import service as files
from timebank.files.store import Store
from timebank.ledger.queries import account_state
from timebank.shop.catalogue import goods
from timebank.shop.errors import OutOfStock
from timebank.shop.intake import intakes
from timebank.shop.intake.intakes import Delivered
from timebank.shop.models import Intake
from timebank.shop.redemption import handovers, reservations
from timebank.shop.rules import Line

DONORS = (("firm", "梧桐粮油店"), ("firm", "晨光超市"), ("person", "一位老邻居"), ("anonymous", None))


def stock_catalogue(random: Random) -> None:
    """Add the goods that the shop offers, each with a bar code and a picture."""
    store = Store(current_app.extensions["timebank-settings"].home / "files")
    for number, good in enumerate(cast.GOODS):
        picture = picture_of(good, number)
        store.keep(picture.data)
        kept = files.keep(actor_id=FOUNDER.person_id, content=picture, store=store)
        goods.add_goods(
            actor=FOUNDER,
            name=good.name,
            category=good.category,
            unit=good.unit,
            price_minutes=good.price_minutes,
            ean13=_ean13(f"69{random.randint(10**9, 10**10 - 1)}"),
            pictures=[kept.id],
            goods_id=named(f"goods/{number}"),
        )


def _ean13(twelve: str) -> str:
    total = sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(twelve))
    return f"{twelve}{-total % 10}"


def take_delivery(shop: UUID, random: Random) -> None:
    """Take in one lot of each of the goods from one donor, expiring when such goods do."""
    kind, name = random.choice(DONORS)
    now = clock.now()
    lines = [
        Delivered(
            goods_id=named(f"goods/{number}"),
            quantity=random.randint(10, 30),
            expires_at=now + timedelta(days=good.keeps_days) if good.keeps_days else None,
        )
        for number, good in enumerate(cast.GOODS)
    ]
    intakes.take_in(actor=FOUNDER, site_id=shop, source="donated", donor_kind=kind, donor_name=name, lines=lines)


def refresh(shop: UUID) -> None:
    """Take in fresh goods if the last delivery is older than a day."""
    last = session.scalar(select(func.max(Intake.received_at)).where(Intake.site_id == shop))
    if last is None or last < clock.now() - timedelta(days=1):
        take_delivery(shop, Random())  # noqa: S311 - a story, not a secret


def go_shopping(shop: UUID, volunteer_id: UUID, random: Random) -> None:
    """Reserve something that the volunteer can pay for, and have it handed over; or find the shelf empty."""
    available = account_state(volunteer_id, clock.now()).available_minutes
    affordable = [number for number, good in enumerate(cast.GOODS) if good.price_minutes <= available]
    with contextlib.suppress(OutOfStock):
        line = Line(named(f"goods/{random.choice(affordable)}"), 1)
        reserved = reservations.reserve(person_id=volunteer_id, site_id=shop, lines=[line])
        handovers.hand_over(actor=FOUNDER, redemption_id=reserved.redemption.id)
