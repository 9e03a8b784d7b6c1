"""Devices over HTTP: coordinators make codes, roll and revoke; a device enrols itself with a code and shows its token."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import current_app

from timebank.identity import devices as kept
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.device_models import Device
from timebank.identity.device_rules import DeviceKind
from timebank.identity.guards import a_device, actor, device, requires
from timebank.organisations import device_schemas as schemas
from timebank.organisations import devices
from timebank.settings import Settings
from timebank.web import limits
from timebank.web.blueprint import Blueprint, public
from timebank.web.errors import Unauthenticated
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("devices", __name__, description="收银平板与签到屏 · tills and screens")


def _key() -> bytes:
    settings: Settings = current_app.extensions["timebank-settings"]
    return settings.keys("device-code")[0]


@blueprint.endpoint(
    "POST",
    "/sites/<uuid:site_id>/device-codes",
    guard=requires(*devices.KEEPERS),
    body=schemas.DeviceCodeBody,
    answer=(201, schemas.DeviceCodeOut),
    audited=noted(Verb.ISSUE, "device_code", target="site_id"),
)
def make_device_code(body: dict[str, Any], site_id: UUID) -> dict[str, Any]:
    """生成设备登记码：15 分钟内在平板或屏幕上输入，只能用一次。协调员、管理员可用。"""
    code, expires_at = devices.new_code(actor=actor(), site_id=site_id, key=_key(), **body)
    return {"code": code, "expires_at": expires_at, "site_id": site_id} | body | {"kind": DeviceKind(body["kind"])}


@blueprint.endpoint(
    "POST",
    "/devices",
    guard=public,
    body=schemas.EnrolBody,
    answer=(201, schemas.EnrolledOut),
    limit=limits.SIGN_IN,
)
def enrol_device(body: dict[str, Any]) -> dict[str, Any]:
    """登记设备：以登记码换取设备密钥，密钥只告知这一次，以后放在请求头 X-Device-Token。"""
    device, token = devices.enrol(code=body["code"], address=limits.address(), key=_key())
    return {"device": _device(device), "token": token}


@blueprint.endpoint(
    "GET",
    "/sites/<uuid:site_id>/devices",
    guard=requires(*devices.KEEPERS),
    query=PageQuery,
    answer=(200, page_of(schemas.DeviceOut)),
)
def list_devices(query: dict[str, Any], site_id: UUID) -> dict[str, Any]:
    """站点的设备：用途、名称、最近在线、是否停用。"""
    found = page(devices.of_site(actor=actor(), site_id=site_id), by=[Device.id], query=query)
    return found | {"items": [_device(one) for one in found["items"]]}


@blueprint.endpoint(
    "POST",
    "/devices/<uuid:device_id>/roll",
    guard=requires(*devices.KEEPERS),
    answer=(201, schemas.DeviceCodeOut),
    audited=noted(Verb.CHANGE, "device"),
)
def roll_device(device_id: UUID) -> dict[str, Any]:
    """更换设备密钥：旧密钥立即失效，用返回的登记码在这台设备上换取新密钥；在它上面登录的人须重新登录。"""
    return _code(*devices.roll(actor=actor(), device_id=device_id, key=_key()))


@blueprint.endpoint(
    "POST",
    "/devices/<uuid:device_id>/revoke",
    guard=requires(*devices.KEEPERS),
    answer=(200, schemas.DeviceOut),
    audited=noted(Verb.REVOKE, "device"),
)
def revoke_device(device_id: UUID) -> dict[str, Any]:
    """停用设备：立即失效，不能恢复；在它上面登录的人须重新登录。重复停用不改变什么。"""
    return _device(devices.revoke(actor=actor(), device_id=device_id))


@blueprint.endpoint("GET", "/device", guard=a_device, answer=(200, schemas.DeviceOut))
def show_this_device() -> dict[str, Any]:
    """本设备：登记在哪个站点、作什么用。凭 X-Device-Token，不用登录。"""
    this = device()
    found = kept.device(this.id) if this else None
    if found is None:
        raise Unauthenticated
    return _device(found)


def _code(device: Device, code: str, expires_at: datetime) -> dict[str, Any]:
    return {
        "code": code,
        "expires_at": expires_at,
        "site_id": device.site_id,
        "kind": DeviceKind(device.kind),
        "name": device.name,
    }


def _device(one: Device) -> dict[str, Any]:
    names = ("id", "site_id", "name", "enrolled_at", "rolled_at", "revoked_at", "last_seen_at")
    return {name: getattr(one, name) for name in names} | {
        "kind": DeviceKind(one.kind),
        "has_token": one.token_hash is not None,
    }
