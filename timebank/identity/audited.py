"""Declaring at an endpoint that it is audited: ``audited=noted(Verb.APPROVE, "correction")``."""

from typing import Any
from uuid import UUID

from flask import Response

from timebank.identity import audit, guards
from timebank.identity.audit import Verb
from timebank.identity.concerned import concerned, names_several
from timebank.web.blueprint import Audit

_WHOM = ("person_id", "volunteer_id")


def noted(verb: Verb, kind: str, *, target: str = "", person: str = "", outcome: str = "", own: bool = False) -> Audit:
    """Return what notes an act once its view has answered, with the reason that the body gives.

    Args:
        verb: what the endpoint does.
        kind: the noun of what it does it to.
        target: name of its id, in the path, the body or the answer; without it ``<kind>_id``, else the answer's ``id``.
        person: the same for whom it concerns, or a list of them; without it ``person_id`` or ``volunteer_id`` (unless such
            a target names several people), else whom the target names (``identity.concerned``). A line is noted for each.
        outcome: name of what in the body says how it was decided.
        own: the act concerns whoever acts, and nobody is named.
    """

    def note(given: dict[str, Any], response: Response) -> None:
        body = given.get("body") or {}
        acting = guards.actor()
        myself = {"person_id": acting.person_id} if own else {}
        said = {**myself, **_answer(response), **(given.get("query") or {}), **body, **given}
        targets = [said[name] for name in ([target] if target else [f"{kind}_id", "id"]) if said.get(name)]
        target_id = targets[0] if targets else None
        names = (person,) if person else () if names_several(kind) else _WHOM
        whom = next((said[name] for name in names if said.get(name)), None)
        if whom is None:
            whom = concerned(kind, target_id, said) or None
        for one in whom if isinstance(whom, list) else [whom]:
            audit.note(
                actor=acting,
                verb=verb,
                kind=kind,
                target=target_id,
                person_id=_uuid(one),
                organisation_id=_uuid(said.get("organisation_id")),
                outcome=str(body[outcome]) if outcome else None,
                reason=body.get("reason"),
            )

    note.verb, note.kind, note.own = verb, kind, own  # type: ignore[attr-defined]
    return note


def _answer(response: Response) -> dict[str, Any]:
    answer = response.get_json(silent=True) if response.is_json else None
    return answer if isinstance(answer, dict) else {}


def _uuid(value: Any) -> UUID | None:
    if value is None or isinstance(value, UUID):
        return value
    try:
        return UUID(str(value))
    except ValueError:
        return None
