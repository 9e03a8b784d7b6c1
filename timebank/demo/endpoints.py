"""What exists in the demo environment only."""

from datetime import datetime
from typing import Any

from timebank.demo import clock
from timebank.identity.guards import requires
from timebank.identity.rules import Role
from timebank.web.blueprint import Blueprint
from timebank.web.fields import Instant, WholeNumber
from timebank.web.schemas import Schema

blueprint = Blueprint("demo", __name__, description="演示环境 · the demo only")

A_YEAR = 366 * 24 * 60


class AdvanceBody(Schema):
    """How far to move business time."""

    advance_minutes = WholeNumber(required=True, minimum=0, maximum=A_YEAR)


class NowOut(Schema):
    """Business time."""

    now = Instant(required=True)


@blueprint.endpoint("POST", "/demo/clock", guard=requires(Role.ADMIN), body=AdvanceBody, answer=(200, NowOut))
def advance_clock(body: dict[str, Any]) -> dict[str, datetime]:
    """演示时钟：把业务时间向前拨，两小时的故事一秒讲完。"""
    return {"now": clock.advance(minutes=body["advance_minutes"])}
