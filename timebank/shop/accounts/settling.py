"""What a shop had, received and gave away in a period, in pieces and in fen (慈善法 78, 79; rule R35).

Values are those that were fair at intake; what has none counts in pieces only. All of it comes from the moves, so that
opening + received - given = closing to the piece and to the fen. Nobody is named: no donor was asked whether the public
may read their name (捐赠法 8, 慈善法 82).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from typing import TypeVar
from uuid import UUID

from timebank.shop.accounts import queries
from timebank.shop.accounts.periods import Period, bounds
from timebank.shop.accounts.queries import Group
from timebank.shop.accounts.rules import NOTHING, Amount, Flow
from timebank.shop.months import MARGIN

Key = TypeVar("Key", bound=str)


@dataclass(slots=True)
class Movements:
    """What some goods did in one period: what there was, what came and went (signed), and what is left."""

    opening: Amount = NOTHING
    flows: dict[Flow, Amount] = field(default_factory=dict)
    by_source: dict[str, Amount] = field(default_factory=dict)
    """What was received, by where it came from."""

    @property
    def closing(self) -> Amount:
        """What is left at the end."""
        return sum(self.flows.values(), start=self.opening)

    def of(self, *flows: Flow) -> Amount:
        """Return what moved for these reasons, signed."""
        return sum((self.flows.get(flow, NOTHING) for flow in flows), start=NOTHING)

    def add(self, flow: Flow, amount: Amount, source: str) -> None:
        """Note that something moved; ``source`` is where it had come from."""
        self.flows[flow] = self.of(flow) + amount
        if flow is Flow.RECEIVED:
            self.by_source[source] = self.by_source.get(source, NOTHING) + amount

    def then(self, later: "Movements") -> "Movements":
        """Return this and what moved after it: the opening stays."""
        return self._with(later, self.opening)

    def beside(self, other: "Movements") -> "Movements":
        """Return this and what other goods did in the same time."""
        return self._with(other, self.opening + other.opening)

    def _with(self, other: "Movements", opening: Amount) -> "Movements":
        return Movements(opening, _added(self.flows, other.flows), _added(self.by_source, other.by_source))


@dataclass(frozen=True, slots=True)
class Received:
    """What came in from one kind of source: how many intakes, and how much."""

    source: str
    donor_kind: str
    intakes: int
    amount: Amount


@dataclass(frozen=True, slots=True)
class Statement:
    """The account of one period, or of several that follow each other."""

    periods: Sequence[Period]
    groups: Mapping[str, Movements]
    """By category, or whatever was asked for."""
    received: Sequence[Received]
    in_transit: Amount
    """What was sent and is at neither site at the end."""

    @property
    def total(self) -> Movements:
        """All groups together."""
        return reduce(Movements.beside, self.groups.values(), Movements())


def statements(site_id: UUID, periods: Sequence[Period], *, group: Group) -> list[Statement]:
    """Return one statement for each of some consecutive periods, every move read once."""
    edges = bounds(periods)
    groups: list[dict[str, Movements]] = [{} for _ in periods]
    sources: list[dict[tuple[str, str], Amount]] = [{} for _ in periods]
    for row in queries.flows(site_id, edges, group=group):
        moved = Amount(int(row.pieces), int(row.value_fen), int(row.unvalued))
        for place in range(row.bucket, len(periods)):
            groups[place].setdefault(row.name, Movements()).opening += moved
        if row.bucket == 0:
            continue
        now = row.bucket - 1
        groups[now].setdefault(row.name, Movements()).add(Flow(row.flow), moved, row.source)
        if row.flow == Flow.RECEIVED:
            key = (row.source, row.donor_kind)
            sources[now][key] = sources[now].get(key, NOTHING) + moved
    taken = queries.intakes(site_id, periods)
    under_way = [queries.in_transit(site_id, period.end) for period in periods]
    return [
        Statement(
            periods=[period],
            groups={name: one for name, one in sorted(groups[place].items()) if one.opening.pieces or one.flows},
            received=[
                Received(source, kind, taken[place].get((source, kind), 0), amount)
                for (source, kind), amount in sorted(sources[place].items())
            ],
            in_transit=under_way[place],
        )
        for place, period in enumerate(periods)
    ]


def summed(parts: Sequence[Statement]) -> Statement:
    """Return consecutive statements as one: a year is the sum of its quarters."""
    names = sorted({name for part in parts for name in part.groups})
    came: dict[tuple[str, str], Received] = {}
    for one in (one for part in parts for one in part.received):
        before = came.get((one.source, one.donor_kind), Received(one.source, one.donor_kind, 0, NOTHING))
        came[one.source, one.donor_kind] = Received(
            one.source, one.donor_kind, before.intakes + one.intakes, before.amount + one.amount
        )
    return Statement(
        periods=[period for part in parts for period in part.periods],
        groups={name: reduce(Movements.then, [part.groups.get(name, Movements()) for part in parts]) for name in names},
        received=[came[key] for key in sorted(came)],
        in_transit=parts[-1].in_transit,
    )


def _added(one: Mapping[Key, Amount], other: Mapping[Key, Amount]) -> dict[Key, Amount]:
    return {key: one.get(key, NOTHING) + other.get(key, NOTHING) for key in {**one, **other}}


def is_over(period: Period, now: datetime) -> bool:
    """Whether nothing can move in a period any more: what was dated a moment before its end may still be under way."""
    return period.end + MARGIN <= now
