"""What it costs to know what lots hold."""

from flask import Flask
from sqlalchemy import select, text

from tests.factories.shop import a_lot, a_member, a_stocked_shop, reserved
from timebank import clock
from timebank.database import db, in_unit_of_work, is_sqlite, session
from timebank.identity.rules import Actor
from timebank.shop.models import Redemption
from timebank.shop.redemption import reservations
from timebank.shop.stock import levels

MANY = 60
_READ = text("SELECT idx_tup_fetch + seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'redemption'")


def test_what_is_open_is_not_read_to_learn_that_nothing_is_due(app: Flask) -> None:
    """One index probe says so, also if the planner's statistics were taken at night, when nothing was open."""
    site, goods = a_stocked_shop(4 * MANY, price_minutes=1)
    a_lot(goods.id, site.id, 4 * MANY)
    member = a_member(4 * MANY)
    for redemption_id in [reserved(member.id, site.id, (goods.id, 1)).redemption.id for _ in range(MANY)]:
        in_unit_of_work(
            lambda open_id=redemption_id: reservations.cancel(actor=Actor(member.id, ()), redemption_id=open_id)
        )
    if not is_sqlite():
        in_unit_of_work(lambda: session.execute(text("ANALYZE redemption")))
    for _ in range(MANY):
        reserved(member.id, site.id, (goods.id, 1))

    def looked_at() -> int:
        """Return how many redemptions PostgreSQL reads for an offer."""
        session.execute(text("SET LOCAL enable_seqscan = off"))
        before = session.execute(_READ).scalar_one()
        levels.offer([goods.id], clock.now(), site.id)
        return int(session.execute(_READ).scalar_one() - before)

    if is_sqlite():
        found = select(levels.promisable(site.id, clock.now())).compile(
            db.engine, compile_kwargs={"literal_binds": True}
        )
        plan = in_unit_of_work(lambda: session.execute(text(f"EXPLAIN QUERY PLAN {found}")).all(), write=False)
        assert any("ix_redemption_due" in row.detail for row in plan)
    else:
        db.engine.dispose()  # a connection that has made its plans keeps them
        assert in_unit_of_work(looked_at) <= 2
    assert in_unit_of_work(lambda: session.query(Redemption).filter(Redemption.closed_at.is_(None)).count()) == MANY
