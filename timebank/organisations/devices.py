"""Devices of the sites in a coordinator's scope. Whatever lies outside of it does not exist for them: 404."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select

from timebank.errors import Invalid, NotFound
from timebank.identity import devices
from timebank.identity.device_models import Device
from timebank.identity.device_rules import DeviceKind
from timebank.identity.rules import Actor, Role
from timebank.organisations import queries, scope
from timebank.organisations.models import Site
from timebank.organisations.rules import SiteKind

KEEPERS = (Role.COORDINATOR, Role.ADMIN)
"""Who answers for the devices of a site."""


def site_for(actor: Actor, site_id: UUID) -> Site:
    """Return a site whose devices and counter the actor answers for. Raises NotFound."""
    site = queries.site(site_id)
    if site is None:
        raise NotFound
    scope.organisation_for(actor, *KEEPERS, organisation_id=site.organisation_id)
    return site


def new_code(*, actor: Actor, site_id: UUID, kind: str, name: str, key: bytes) -> tuple[str, datetime]:
    """Return a code that enrols one device at a site, and until when. Raises NotFound, and Invalid for a till at a venue."""
    site = site_for(actor, site_id)
    if kind == DeviceKind.TILL and site.kind == SiteKind.VENUE:
        detail = "活动场地没有柜台，收银台请登记在公益仓。 A venue has no counter: enrol a till at a shop."
        raise Invalid(errors=[{"pointer": "/kind", "detail": detail}])
    return devices.new_code(site_id=site_id, kind=DeviceKind(kind), name=name, made_by=actor.person_id, key=key)


def enrol(*, code: str, address: str, key: bytes) -> tuple[Device, str]:
    """Use a code up and return the device with its token; one whose maker no longer answers for the site is none.

    Raises DeviceEnrolmentLocked, DeviceCodeInvalid, DeviceGone.
    """

    def stands(made_by: UUID, site_id: UUID) -> bool:
        site = queries.site(site_id)
        return site is not None and scope.still_answers(made_by, *KEEPERS, organisation_id=site.organisation_id)

    return devices.enrol(code=code, address=address, key=key, stands=stands)


def of_site(*, actor: Actor, site_id: UUID) -> Select[Device]:
    """Select the devices of a site, revoked ones too. Raises NotFound."""
    site_for(actor, site_id)
    return select(Device).where(Device.site_id == site_id)


def roll(*, actor: Actor, device_id: UUID, key: bytes) -> tuple[Device, str, datetime]:
    """End a device's token and return the code that fetches a new one. Raises NotFound, DeviceGone."""
    device = _device_for(actor, device_id)
    return device, *devices.roll(device_id=device_id, by=actor.person_id, key=key)


def revoke(*, actor: Actor, device_id: UUID) -> Device:
    """End a device for good. Raises NotFound."""
    _device_for(actor, device_id)
    return devices.revoke(device_id=device_id, by=actor.person_id)


def _device_for(actor: Actor, device_id: UUID) -> Device:
    device = devices.device(device_id)
    if device is None:
        raise NotFound
    site_for(actor, device.site_id)
    return device
