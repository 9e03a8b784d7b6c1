"""Shared links: one question for somebody without an account, until a day; without what is about fewer than three people.

The link reaches what its maker reached when they made it and still reaches: roles that they get later add nothing, and
when they leave, there is no link. It asks only for sums by groups of people.
"""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, update

from timebank import clock
from timebank.database import new_id, session
from timebank.documents.tables import Cell
from timebank.errors import Invalid, NotFound
from timebank.identity import queries as identity
from timebank.identity.rules import Actor, token_hash
from timebank.records.models import Revision
from timebank.statistics import figures, names, queries, reach, service, suppression
from timebank.statistics.figures import Key
from timebank.statistics.headings import of_cuts, of_measures
from timebank.statistics.models import SharedLink
from timebank.statistics.pivots import TOTAL
from timebank.statistics.queries import READERS, Asker
from timebank.statistics.questions import Question
from timebank.statistics.report import Report
from timebank.statistics.rules import HOURS, PROVENANCES, Cut, Measure

MOST_DAYS = 90
CODE_BYTES = 16
NOTE = "少于 3 人的数字不显示，由它可以推算出来的也不显示。"


def make(*, actor: Actor, question: Question, reason: str, days: int) -> tuple[SharedLink, str]:
    """Make a link and return it with its code, which nobody sees again. Raises Invalid for what a link may not show."""
    refuse_personal(question)
    code = secrets.token_urlsafe(CODE_BYTES)
    now = clock.now()
    link = SharedLink(
        id=new_id(),
        code_hash=token_hash(code),
        question=question.as_json(),
        scope=reach.kept(Asker(actor=actor)),
        reason=reason,
        created_by=actor.person_id,
        created_at=now,
        expires_at=now + timedelta(days=days),
        revoked_at=None,
    )
    session.add(link)
    session.flush()
    return link, code


def refuse_personal(question: Question) -> None:
    """Raise Invalid for lists of people, and for measures that small cells cannot be hidden in."""
    if Cut.VOLUNTEER in question.every_cut:
        raise Invalid(errors=[{"pointer": "/rows", "detail": "分享链接不能按志愿者分组。 Not by volunteer."}])
    if not set(question.measures) <= set(HOURS):
        allowed = "、".join(HOURS)
        raise Invalid(errors=[{"pointer": "/measures", "detail": f"分享链接可选：{allowed}。 Choose from these."}])


def made_by(actor: Actor) -> Select[Any]:
    """Select somebody's links."""
    return select(SharedLink).where(SharedLink.created_by == actor.person_id)


def revoke(*, actor: Actor, link_id: UUID) -> None:
    """End a link of one's own; a second time changes nothing. Raises NotFound."""
    link = session.scalars(made_by(actor).where(SharedLink.id == link_id)).one_or_none()
    if link is None:
        raise NotFound
    ending = update(SharedLink).where(SharedLink.id == link_id, SharedLink.revoked_at.is_(None))
    session.execute(ending.values(revoked_at=clock.now()))


def answer(code: str, now: datetime) -> Report:
    """Return what a link shows. Raises NotFound when it has expired, was revoked, or its maker may ask no more."""
    link = session.scalars(select(SharedLink).where(SharedLink.code_hash == token_hash(code))).one_or_none()
    if link is None or link.revoked_at is not None or link.expires_at <= now:
        raise NotFound
    maker = Actor(link.created_by, identity.grants_of(link.created_by))
    if not maker.holds(*READERS):
        raise NotFound
    asker = Asker(actor=maker, also=reach.asker_then(link.scope or []))
    return suppressed(Question.from_json(link.question), asker, expires_at=link.expires_at)


def suppressed(question: Question, asker: Asker, *, expires_at: datetime) -> Report:
    """Return the figures with a row of totals, without small cells and without what they follow from."""
    groups = figures.read(question, asker)
    whole = figures.read(replace(question, cuts=()), asker)[()]
    people = _people(question, asker, list(groups))
    named = names.of_groups(groups, question.cuts)
    order = names.in_order(groups, question.cuts, named)
    named_provenance = Cut.PROVENANCE in question.cuts
    hidden = suppression.hidden([*(people[key] for key in order), people[None]], each_row_one_column=named_provenance)
    columns = (*of_cuts(question.cuts), *of_measures(question.measures))
    rows = []
    for place, key in enumerate([*order, None]):
        cells = whole if key is None else groups[key]
        texts = _total(question) if key is None else _texts(question, key, named)
        shown = _shown(cells, question.measures, {column for row, column in hidden if row == place})
        rows.append([(texts | shown)[name] for name, _ in columns])
    return Report(
        title=service.TITLES[question.kind],
        columns=columns,
        rows=rows,
        filters=service.filters_of(question) | {"说明": NOTE},
        generated_at=clock.now(),
        extra={"expires_at": expires_at, "note": NOTE},
    )


def _texts(question: Question, key: Key, named: dict[Cut, Any]) -> dict[str, Cell]:
    texts: dict[str, Cell] = {}
    for cut, value in zip(question.cuts, key, strict=True):
        texts |= named[cut][value]
    return texts


def _total(question: Question) -> dict[str, Cell]:
    names_of_cuts = [name for name, _ in of_cuts(question.cuts)]
    return {name: TOTAL if place == 0 else "" for place, name in enumerate(names_of_cuts)}


def _shown(cells: dict[str, Any], measures: Sequence[Measure], hidden: set[int]) -> dict[str, Cell]:
    """Return the figures of a row, None for those hidden: the last place is the row's own total."""
    shown: dict[str, Cell] = dict(cells)
    if len(PROVENANCES) in hidden:
        shown |= dict.fromkeys(map(str, measures))
    if Measure.SERVICE_MINUTES in measures:
        shown |= {name: None for place, name in enumerate(PROVENANCES) if place in hidden}
    return shown


def _people(question: Question, asker: Asker, keys: Sequence[Key]) -> dict[Key | None, list[int]]:
    """Return how many people each cell is about: by row and provenance, with the totals of both."""
    nobody = [0] * (len(PROVENANCES) + 1)
    counted = _split(question, asker)
    total = _split(replace(question, cuts=()), asker)
    return {key: counted.get(key, nobody) for key in keys} | {None: total.get((), nobody)}


def _split(question: Question, asker: Asker) -> dict[Key, list[int]]:
    facts, people = queries.standing(), {"people": func.count(Revision.volunteer_id.distinct())}
    found: dict[Key, list[int]] = {}
    for key, values in figures.counted(queries.grouped(facts, question, asker, people), question).items():
        found[key] = [0] * len(PROVENANCES) + [values["people"]]
    for place, name in enumerate(PROVENANCES):
        only = replace(facts, where=[*facts.where, Revision.provenance == name])
        for key, values in figures.counted(queries.grouped(only, question, asker, people), question).items():
            found[key][place] = values["people"]
    return found
