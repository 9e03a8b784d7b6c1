"""The whole server is killed again and again while a shop is busy: nothing acknowledged is lost, nothing happens twice.

``make soak`` does it with five hundred redemptions; ``make test`` with a few.
"""

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import hypothesis
from flask import Flask
from sqlalchemy import func, select

from tests import servers
from tests.conftest import ServerFactory
from tests.factories.identity import signed_in
from tests.factories.organisations import a_shop
from tests.factories.shop import a_clerk, a_lot, a_member, account_of, level_of, seen, some_goods
from tests.servers import Server
from timebank import clock
from timebank.application import create_app
from timebank.codes.book import CodeBook
from timebank.commands import cli
from timebank.database import db, new_id, session
from timebank.identity.models import Person
from timebank.organisations.models import Site
from timebank.shop.models import Goods, Lot, Receipt, Redemption
from timebank.shop.redemption.refund_tables import Refund
from timebank.shop.rules import receipt_number

LONG = hypothesis.settings.get_current_profile_name() == "soak"
REDEMPTIONS, KILLS = (500, 60) if LONG else (12, 1)
LIFE_SECONDS = 1
GETS_TO_ANSWER = 0.75
PATIENCE_SECONDS = 300
SHIFT = timedelta(hours=12)
TILLS = 4
MEMBERS = (8 if LONG else 2) * TILLS
PIECES, MINUTES, PRICE = 100_000, 1_000_000, 3

Answer = dict[str, Any]
Headers = dict[str, str]


@dataclass(frozen=True)
class Asked:
    """A request that was answered, and how."""

    path: str
    headers: Headers
    body: Answer
    answer: Answer


@dataclass(frozen=True)
class Shop:
    """One shop with plenty of one goods, and its members."""

    site: Site
    goods: Goods
    lot: Lot
    members: list[tuple[Person, Headers]]
    book: CodeBook

    def lines(self, quantity: int) -> list[Answer]:
        """Return a line of the goods."""
        return [{"goods_id": str(self.goods.id), "quantity": quantity}]


class Power:
    """The server, as long as there is power; after each cut another one, on the same database."""

    def __init__(self, first: Server, logs: Path, stack: ExitStack) -> None:
        self.server = first
        self.answered = threading.Event()
        """Set with the first answer since the last cut."""
        self._logs, self._stack = logs, stack

    def cut(self) -> None:
        """Kill every process of the server, and start it again."""
        self.server.kill()
        self.answered.clear()
        log = self._logs / f"{new_id()}.log"
        self.server = self._stack.enter_context(servers.gunicorn(self.server.settings, log))


@dataclass
class Till:
    """A clerk and the members in the queue. Every request is repeated, with its key, until it is answered."""

    power: Power
    shop: Shop
    clerk: Headers
    queue: Iterator[tuple[Person, Headers]]
    asked: list[Asked] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)

    def ask(self, path: str, headers: Headers, **body: Any) -> Answer:
        """Ask until there is an answer. Raises AssertionError if it is a refusal that repeating does not help."""
        headers = headers | {"Idempotency-Key": str(new_id())}
        give_up = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < give_up:
            try:
                with self.power.server.client() as client:
                    response = client.post(f"/api/v1{path}", headers=headers, json=body)
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            self.power.answered.set()
            answer: Answer = response.json()
            if response.is_success:
                self.asked.append(Asked(path, headers, body, answer))
                return answer
            if not answer["retryable"]:
                raise AssertionError(answer["code"])
            time.sleep(0.05)
        raise AssertionError("a request is not answered")

    def hold(self) -> tuple[Answer, Headers]:
        """Reserve two pieces for the next member."""
        _, headers = next(self.queue)
        held = self.ask("/redemptions", headers, site_id=str(self.shop.site.id), lines=self.shop.lines(2))
        return held, headers

    def leave_held(self) -> str:
        """Reserve."""
        self.hold()
        return "held"

    def cancel(self) -> str:
        """Reserve, and change one's mind."""
        held, headers = self.hold()
        self.ask(f"/redemptions/{held['id']}/cancel", headers)
        return "cancelled"

    def hand_over(self) -> str:
        """Reserve two pieces and hand one over."""
        held, _ = self.hold()
        self.ask(f"/redemptions/{held['id']}/hand-over", self.clerk, lines=self.shop.lines(1))
        return "one"

    def refund(self) -> str:
        """Reserve and hand over two pieces, and take one back on the shelf."""
        held, _ = self.hold()
        self.ask(f"/redemptions/{held['id']}/hand-over", self.clerk)
        back = [line | {"restock": True} for line in self.shop.lines(1)]
        self.ask(f"/redemptions/{held['id']}/refunds", self.clerk, lines=back, reason="拿错了")
        return "refunded"

    def sell(self) -> str:
        """Sell one piece to a member who shows a code; a code that has paid, or grown old, is followed by another."""
        while True:
            person, _ = next(self.queue)
            code = self.shop.book.member(member=person.member_ref, at=clock.now())
            try:
                self.ask(
                    "/counter/sales",
                    self.clerk,
                    member_token=code,
                    site_id=str(self.shop.site.id),
                    lines=self.shop.lines(1),
                )
            except AssertionError as refused:
                if str(refused) not in {"MEMBER_CODE_USED", "TOKEN_EXPIRED"}:
                    raise
            else:
                return "one"

    def work(self, redemptions: int, done: threading.Event) -> None:
        """Serve one member after another, in every way by turns, until both the number and the day are over."""
        ways: list[Callable[[], str]] = [self.hand_over, self.sell, self.cancel, self.refund, self.leave_held]
        random.shuffle(ways)
        for number, way in enumerate(itertools.cycle(ways)):
            if number >= redemptions and done.is_set():
                return
            self.ends[way()] += 1


def _opened(app: Flask) -> Shop:
    site, goods = a_shop(), some_goods(price_minutes=PRICE)
    lot = a_lot(goods.id, site.id, PIECES)
    members = [(member, signed_in(member)) for member in (a_member(MINUTES) for _ in range(MEMBERS))]
    return Shop(site, goods, lot, members, app.extensions["timebank-codes"])


def test_a_killed_shop_loses_nothing_and_does_nothing_twice(server: ServerFactory, tmp_path: Path) -> None:
    """Holds, hand-overs, sales, cancellations and refunds through power cuts: ledger, stock and receipts add up."""
    with ExitStack() as stack:
        power = Power(server(), tmp_path, stack)
        app = create_app(power.server.settings)
        app.config["JWT_ACCESS_TOKEN_EXPIRES"] = SHIFT  # on a slow machine a long day outlives a token
        with app.app_context():
            shop = _opened(app)
            tills = [
                Till(power, shop, signed_in(a_clerk(shop.site)), itertools.cycle(shop.members[number::TILLS]))
                for number in range(TILLS)
            ]
            _work_through_power_cuts(power, tills)
            _look_at_the_books(app, shop, tills)
            _repeat_everything(power.server, tills)
            _look_at_the_books(app, shop, tills)
            db.session.remove()
            db.engine.dispose()


def _work_through_power_cuts(power: Power, tills: list[Till]) -> None:
    done = threading.Event()
    with ThreadPoolExecutor(TILLS) as crowd:
        working = [crowd.submit(till.work, REDEMPTIONS // TILLS, done) for till in tills]
        try:
            for _ in range(KILLS):
                # On a slow machine a server that is only just up answers nobody within its life: most get to that.
                if random.random() < GETS_TO_ANSWER:
                    power.answered.wait(PATIENCE_SECONDS)
                time.sleep(random.uniform(0, LIFE_SECONDS))
                power.cut()
        finally:
            done.set()
    for one in working:
        one.result()


def _repeat_everything(served: Server, tills: list[Till]) -> None:
    """Send what was answered once more: the answer is the same to the last sign, and says that it is a repetition."""
    with served.client() as client:
        for asked in (one for till in tills for one in till.asked):
            again = client.post(f"/api/v1{asked.path}", headers=asked.headers, json=asked.body)
            assert again.json() == asked.answer
            assert again.headers["Idempotency-Replayed"] == "true"


def _look_at_the_books(app: Flask, shop: Shop, tills: list[Till]) -> None:
    for command in (["ledger", "verify"], ["shop", "audit"]):
        done = app.test_cli_runner().invoke(cli, command)
        assert done.exit_code == 0, done.output
    ends = sum((till.ends for till in tills), Counter[str]())
    assert ends.total() >= REDEMPTIONS
    out = ends["one"] + ends["refunded"]
    level = level_of(shop.lot)
    assert (level.on_hand, level.reserved) == (PIECES - out, 2 * ends["held"])
    accounts = [account_of(person.id) for person, _ in shop.members]
    assert sum(one.balance_minutes for one in accounts) == MEMBERS * MINUTES - out * PRICE
    assert sum(one.held_minutes for one in accounts) == 2 * ends["held"] * PRICE
    counted = {
        table: seen(lambda table=table: session.scalar(select(func.count()).select_from(table))) for table in _KEPT
    }
    assert counted == {Redemption: ends.total(), Receipt: out, Refund: ends["refunded"]}
    assert _told(tills) == seen(_receipts)


_KEPT: tuple[type[Any], ...] = (Redemption, Receipt, Refund)


def _told(tills: list[Till]) -> set[tuple[str, str, str]]:
    """Return what the clerks' printers have printed: redemption, number, and the head of the member's ledger."""
    answers = [one.answer for till in tills for one in till.asked]
    printed = [answer["receipt"] for answer in answers if "receipt" in answer]
    return {(one["redemption_id"], one["receipt_no"], one["head"]) for one in printed}


def _receipts() -> set[tuple[str, str, str]]:
    kept = session.scalars(select(Receipt))
    return {(str(one.redemption_id), receipt_number(one.issued_on, one.number), one.head) for one in kept}
