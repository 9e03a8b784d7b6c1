"""What runs at a screen's site, over HTTP, with nobody signed in."""

from typing import Any

from timebank.attendance import screen_schemas as schemas
from timebank.attendance import screens
from timebank.identity.guards import a_screen, device
from timebank.web.blueprint import Blueprint

blueprint = Blueprint("screens", __name__, description="签到屏 · screens")


@blueprint.endpoint("GET", "/device/shifts", guard=a_screen, answer=(200, schemas.RunningShiftsOut))
def list_running_shifts() -> dict[str, Any]:
    """本屏幕所在场地正在进行的场次；各场的动态码用 /shifts/{id}/code 取。凭 X-Device-Token，不用登录。"""
    return {"items": screens.running(device())}
