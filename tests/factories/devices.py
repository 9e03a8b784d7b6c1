"""Tills and screens that are enrolled already."""

from dataclasses import dataclass

from tests.factories.identity import a_coordinator
from timebank.database import in_unit_of_work, session
from timebank.identity.device_models import Device
from timebank.identity.device_rules import DeviceKind, Enrolled
from timebank.identity.guards import DEVICE_TOKEN
from timebank.organisations import devices as scoped
from timebank.organisations.models import Site

KEY = b"k" * 32


@dataclass(frozen=True, slots=True)
class OnDevice:
    """An enrolled device: its row, what an actor on it carries, and the header that it sends."""

    device: Device
    enrolled: Enrolled
    headers: dict[str, str]


def a_device(site: Site, kind: DeviceKind = DeviceKind.TILL, name: str = "前台平板") -> OnDevice:
    """Enrol a device at a site."""
    keeper = a_coordinator(site.organisation_id)

    def enrol() -> tuple[Device, str]:
        code, _ = scoped.new_code(actor=keeper, site_id=site.id, kind=kind, name=name, key=KEY)
        return scoped.enrol(code=code, address="10.0.0.1", key=KEY)

    device, token = in_unit_of_work(enrol)
    session.expunge(device)
    return OnDevice(device, Enrolled(device.id, device.site_id, DeviceKind(device.kind)), {DEVICE_TOKEN: token})


def a_screen(site: Site) -> OnDevice:
    """Enrol a screen at a site."""
    return a_device(site, DeviceKind.SCREEN, "门口屏幕")
