"""Merchants (商家): registered by administrators, looked after by the organisation that they have an agreement with.

A merchant's own people are clerks of its organisation: they serve its counters and see nothing of this.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Select, func, select

from timebank import clock
from timebank.database import new_id, session
from timebank.errors import Invalid, NotFound
from timebank.identity.rules import Actor, Role
from timebank.organisations import scope
from timebank.organisations.models import Organisation
from timebank.shop.merchant.errors import AgreementNotInForce
from timebank.shop.merchant.tables import Merchant, MerchantAgreement, MerchantIntake
from timebank.shop.queries import Shop
from timebank.shop.rules import Source

KEEPERS = (Role.COORDINATOR, Role.ADMIN)
READERS = (*KEEPERS, Role.AUDITOR)
LISTERS = (*READERS, Role.COUNTER)


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was agreed: the paper's reference, and the first and the last day."""

    reference: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to call; both may be unknown."""

    name: str | None = None
    phone: str | None = None


def register(
    *, actor: Actor, organisation_id: UUID, host_id: UUID, agreement: Agreement, contact: Contact
) -> tuple[Merchant, MerchantAgreement]:
    """Register an organisation as a merchant of another one, both in the administrator's scope.

    Raises NotFound, MerchantExists, and Invalid for a merchant of its own or a period that ends before it begins.
    """
    for one in (organisation_id, host_id):
        scope.organisation_for(actor, Role.ADMIN, organisation_id=one)
    if organisation_id == host_id:
        raise Invalid(errors=[{"pointer": "/host_id", "detail": "商家与签约组织不能相同。 No merchant of its own."}])
    merchant = Merchant(
        id=new_id(),
        organisation_id=organisation_id,
        host_id=host_id,
        contact_name=contact.name,
        contact_phone=contact.phone,
        registered_at=clock.now(),
        registered_by=actor.person_id,
    )
    session.add(merchant)
    session.flush()
    return merchant, _agree(actor, merchant.id, 1, agreement)


def renew(*, actor: Actor, merchant_id: UUID, agreement: Agreement) -> MerchantAgreement:
    """Enter another agreement with a merchant. Raises NotFound, Invalid."""
    merchant = locked(actor, merchant_id)
    last = session.scalar(
        select(func.max(MerchantAgreement.number)).where(MerchantAgreement.merchant_id == merchant.id)
    )
    return _agree(actor, merchant.id, (last or 0) + 1, agreement)


def _agree(actor: Actor, merchant_id: UUID, number: int, agreement: Agreement) -> MerchantAgreement:
    if agreement.ends_on < agreement.starts_on:
        detail = "协议的截止日早于起始日。 The agreement ends before it begins."
        raise Invalid(errors=[{"pointer": "/agreement/ends_on", "detail": detail}])
    entered = MerchantAgreement(
        merchant_id=merchant_id,
        number=number,
        reference=agreement.reference,
        starts_on=agreement.starts_on,
        ends_on=agreement.ends_on,
        entered_at=clock.now(),
        entered_by=actor.person_id,
    )
    session.add(entered)
    session.flush()
    return entered


def change_contact(*, actor: Actor, merchant_id: UUID, contact: Contact) -> Merchant:
    """Say whom to call from now on; what stood there before is not kept. Raises NotFound."""
    merchant = locked(actor, merchant_id)
    merchant.contact_name, merchant.contact_phone = contact.name, contact.phone
    session.flush()
    return merchant


def locked(actor: Actor, merchant_id: UUID) -> Merchant:
    """Lock a merchant that the actor keeps, and return it as it stands then. Raises NotFound."""
    session.execute(select(Merchant.id).where(Merchant.id == merchant_id).with_for_update(key_share=True)).all()
    return seen_by(actor, merchant_id, KEEPERS)


def seen_by(actor: Actor, merchant_id: UUID, roles: tuple[Role, ...] = READERS) -> Merchant:
    """Return a merchant whose host is in the actor's scope. Raises NotFound."""
    merchant = session.get(Merchant, merchant_id, populate_existing=True)
    if merchant is None:
        raise NotFound
    scope.organisation_for(actor, *roles, organisation_id=merchant.host_id)
    return merchant


def of(actor: Actor) -> Select[Any]:
    """Select the merchants of the actor's organisations, each with its name and its id; clerks choose among them."""
    found = (
        select(Merchant, Organisation.name, Merchant.id)
        .join(Organisation, Organisation.id == Merchant.organisation_id)
        .where(scope.organisations_of(actor, *LISTERS, column=Merchant.host_id))
    )
    return cast("Select[Any]", found)


def is_merchant(organisation_id: UUID) -> bool:
    """Whether an organisation is registered as a merchant: its counters hold its own goods and nobody else's."""
    return session.scalar(select(Merchant.id).where(Merchant.organisation_id == organisation_id)) is not None


def agreements_of(merchant_id: UUID) -> list[MerchantAgreement]:
    """Return what was agreed with a merchant, in the order in which it was entered."""
    found = select(MerchantAgreement).where(MerchantAgreement.merchant_id == merchant_id)
    return list(session.scalars(found.order_by(MerchantAgreement.number)))


# --- what they deliver ------------------------------------------------------------------------------------------------


def supplier(*, shop: Shop, source: str, merchant_id: UUID | None, on: date) -> Merchant | None:
    """Return the merchant of a delivery at a site; none if the goods come from somewhere else.

    At a merchant's own counter it need not be named, and nothing else is taken in there. Raises Invalid,
    AgreementNotInForce.
    """
    own = session.scalars(select(Merchant).where(Merchant.organisation_id == shop.organisation_id)).one_or_none()
    if source != Source.MERCHANT:
        if own is not None:
            raise _invalid(
                "/source", "商家的柜台只收商家自己供的货。 A merchant's counter takes only its own goods in."
            )
        if merchant_id is not None:
            raise _invalid("/merchant_id", "只有商家供货才填商家。 Only a merchant's delivery names a merchant.")
        return None
    named = session.get(Merchant, merchant_id) if merchant_id else own
    if named is None or shop.organisation_id not in {named.host_id, named.organisation_id}:
        raise _invalid(
            "/merchant_id", "请选择与本公益仓签约的商家。 Name a merchant that has an agreement with this shop."
        )
    in_force = select(MerchantAgreement.number).where(
        MerchantAgreement.merchant_id == named.id, MerchantAgreement.starts_on <= on, MerchantAgreement.ends_on >= on
    )
    if session.scalars(in_force.limit(1)).first() is None:
        raise AgreementNotInForce
    return named


def _invalid(pointer: str, detail: str) -> Invalid:
    return Invalid(errors=[{"pointer": pointer, "detail": detail}])


def keep_supplier(*, intake_id: UUID, merchant: Merchant | None) -> None:
    """Keep which merchant an intake came from."""
    if merchant is not None:
        session.add(MerchantIntake(intake_id=intake_id, merchant_id=merchant.id))
