"""Who may say that somebody is whom a donor meant: handing out what was given for a purpose (rule R32).

"只给独居老人" is a donor's sentence, and no program can tell whom it means. A coordinator or an administrator of the shop
can: the same people who may change a purpose. A clerk may where staff have judged before, with a paper in hand, that this
person is in need: where a free quota is entered for them at the shop's organisation. Nobody does it for themselves or a
relative, as nobody grants or approves anything for these (rule R35).

Why the person is meant is written down nowhere. Which lot, and so which purpose, through whom and when is in the moves;
more would be somebody's circumstances (PIPL 28), kept without need (PIPL 6).
"""

from uuid import UUID

from timebank.identity.family import refuse_own_family
from timebank.identity.rules import Actor
from timebank.shop.allowance import quotas
from timebank.shop.errors import PurposeNeedsCoordinator
from timebank.shop.redemption.baskets import Admitted
from timebank.shop.staff import manages


def refuse_judging(admitted: Admitted, *, actor: Actor, person_id: UUID) -> None:
    """Refuse whoever may not say that this person is meant. Raises OwnFamily, PurposeNeedsCoordinator."""
    refuse_own_family(actor.person_id, person_id)
    if manages(actor, admitted.shop):
        return
    if not quotas.is_entitled(
        person_id=person_id, organisation_id=admitted.shop.organisation_id, policy=admitted.policy
    ):
        raise PurposeNeedsCoordinator
