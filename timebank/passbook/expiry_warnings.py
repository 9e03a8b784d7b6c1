"""Who is told that minutes of theirs will expire (rule R25): once for each day on which some do.

A warning is about the newest minutes on the list. It is not repeated while only these and older ones are on it, whatever
is spent of them; when younger minutes come of age, there is another one.
"""

from collections.abc import Collection
from datetime import date, datetime
from functools import partial
from uuid import UUID

from sqlalchemy import func, select

from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.identity import former
from timebank.identity.models import Person
from timebank.ledger import expiry as ledger
from timebank.ledger.expiry import Expiring
from timebank.ledger.models import Account, Entry, Transfer
from timebank.ledger.rules import INFLOWS, wallet_of
from timebank.notifications import service as notifications
from timebank.notifications.rules import Topic
from timebank.notifications.service import News
from timebank.passbook import expiries

AT_ONCE = 200


def warn() -> int:
    """Tell whoever has minutes that will be gone in 30 days; return how many people were told something new.

    Each page of people is a unit of work of its own; twice a day, or two runs at once, tell nobody twice.
    """
    ahead = in_unit_of_work(expiries.ahead, write=False)
    if ahead is None:
        return 0
    day, cut_off = ahead
    told, after = 0, None
    # Looking takes long and nobody has to wait for it; only telling is a write.
    while page := in_unit_of_work(partial(_page, cut_off, after), write=False):
        news = in_unit_of_work(partial(_news, page, day, cut_off), write=False)
        told += in_unit_of_work(partial(notifications.tell_many, news))
        after = page[-1].owner_id
    return told


def _page(cut_off: datetime, after: UUID | None) -> list[Expiring]:
    return ledger.expiring(cut_off=cut_off, limit=AT_ONCE, after=after)


def _news(page: Collection[Expiring], day: date, cut_off: datetime) -> list[News]:
    """Return what each person of a page is told; wallets of groups have nobody to tell."""
    newest = _newest(page, cut_off)
    people = set(session.scalars(select(Person.id).where(Person.id.in_([one.owner_id for one in page]))))
    return [
        News(
            person_id=one.owner_id,
            topic=Topic.MINUTES_EXPIRING,
            facts={"minutes": one.minutes, "expires_on": day.isoformat()},
            at=clock.now(),
            about=newest[one.owner_id],
        )
        for one in page
        if one.owner_id in people
    ]


def _newest(page: Collection[Expiring], cut_off: datetime) -> dict[UUID, str]:
    """Return the number of the line by which each person's newest minutes came in that will expire.

    Who was merged into them has lines of their own.
    """
    merged = former.merged_into_each([one.owner_id for one in page])
    wallets = [wallet_of(one).id for owner_id, old in merged.items() for one in (owner_id, *old)]
    lines = (
        select(Account.owner_id, func.max(Entry.seq).label("newest"))
        .join_from(Entry, Account, Account.id == Entry.account_id)
        .join(Transfer, Transfer.id == Entry.transfer_id)
        .where(
            Entry.account_id.in_(wallets),
            Entry.recorded_at <= cut_off,
            Entry.minutes > 0,
            Transfer.kind.in_([int(kind) for kind in INFLOWS]),
        )
        .group_by(Account.owner_id)
    )
    newest = {row.owner_id: row.newest for row in session.execute(lines)}
    return {owner_id: "-".join(str(newest.get(one)) for one in (owner_id, *old)) for owner_id, old in merged.items()}
