"""Minutes that expire by the bank's rule (R25): the daily run, and the warning that comes 30 days before.

The run takes what came in before a cut-off and was not spent, first in, first out. Whoever spends in the hour after
midnight, before the run has come by, is not refused: minutes are gone when the ledger says so.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID, uuid5

from sqlalchemy import select

from timebank import clock
from timebank.constraints import retry_on
from timebank.database import NIL, in_unit_of_work, session
from timebank.ledger import expiry as ledger
from timebank.ledger.expiry import Expiring
from timebank.passbook.models import ExpiryRun
from timebank.policies import service as policies
from timebank.policies.expiry import WARNED_DAYS, BalanceExpiry
from timebank.policies.keys import KEYS
from timebank.policies.versions import chosen

# Two runs that finish together: the second look finds the day done.
retry_on("pk_expiry_run")

AT_ONCE = 200
_RUNS = UUID("6f1f3a3e-6d0e-5f1c-9a55-0f6f0c1f7a11")
"""The namespace of runs: a day's run has the same id whoever starts it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The bank's rule and the day on which it took effect."""

    expiry: BalanceExpiry
    since: date

    def cut_off_on(self, day: date) -> date | None:
        """Return the day before which minutes must have come in to expire on ``day``; None if none do."""
        return self.expiry.cut_off_on(day, since=self.since)


def rule_on(day: date) -> Rule | None:
    """Return the bank's rule on ``day``, or None if minutes live for good."""
    version = chosen(policies.reaching(organisation_id=None, area_id=None, on=day)).get("balance_expiry")
    expiry = None if version is None else KEYS["balance_expiry"].value_of(version.value)
    return None if version is None or expiry is None else Rule(expiry, version.effective_on)


def run() -> int:
    """Let expire what is due today, everybody's, once a day; return how many people lost minutes.

    Each page of people is a unit of work of its own. A run that was interrupted is taken up by the next one, and two
    at once do the same postings under the same ids: the second finds them replayed.
    """
    today = clock.day_of(clock.now())
    cut_off_on = in_unit_of_work(lambda: _due(today), write=False)
    if cut_off_on is None:
        return 0
    last, people = in_unit_of_work(lambda: _page(today, cut_off_on, None))
    while last is not None:
        last, more = in_unit_of_work(partial(_page, today, cut_off_on, last))
        people += more
    in_unit_of_work(lambda: _finished(today, cut_off_on))
    return people


def warning_for(owner_id: UUID) -> tuple[date, int] | None:
    """Return the day 30 days ahead and how many of somebody's minutes will be gone by then, unless they are spent."""
    found = ahead()
    return None if found is None else (found[0], ledger.expiring_of(owner_id, cut_off=found[1]))


def warned(*, limit: int, after: UUID | None = None) -> tuple[date | None, list[Expiring]]:
    """Return the day 30 days ahead and whose minutes will be gone by then if they are not spent, a page in wallet order.

    None and nothing while no rule lets minutes expire by that day.
    """
    found = ahead()
    return (None, []) if found is None else (found[0], ledger.expiring(cut_off=found[1], limit=limit, after=after))


def ahead() -> tuple[date, datetime] | None:
    """Return the day 30 days ahead, and before which instant minutes must have come in to be gone by then; None if none are."""
    day = clock.day_of(clock.now()) + timedelta(days=WARNED_DAYS)
    rule = rule_on(day)
    cut_off_on = rule.cut_off_on(day) if rule else None
    return None if cut_off_on is None else (day, clock.start_of(cut_off_on))


def _due(today: date) -> date | None:
    rule = rule_on(today)
    cut_off_on = rule.cut_off_on(today) if rule else None
    return None if cut_off_on is None or _done(today) else cut_off_on


def _page(today: date, cut_off_on: date, after: UUID | None) -> tuple[UUID | None, int]:
    """Expire one page of people; return the last of them (None: there are no more) and how many lost minutes."""
    cut_off = clock.start_of(cut_off_on)
    due = ledger.expiring(cut_off=cut_off, limit=AT_ONCE, after=after)
    if not due:
        return None, 0
    posted = ledger.expire(
        run_id=uuid5(_RUNS, today.isoformat()),
        cut_off=cut_off,
        owner_ids=[one.owner_id for one in due],
        actor_id=NIL,
    )
    return due[-1].owner_id, sum(not one.replayed for one in posted)


def _finished(today: date, cut_off_on: date) -> None:
    if not _done(today):
        session.add(ExpiryRun(run_on=today, cut_off_on=cut_off_on, finished_at=clock.now()))
        session.flush()


def _done(today: date) -> bool:
    return session.scalar(select(ExpiryRun.run_on).where(ExpiryRun.run_on == today)) is not None
