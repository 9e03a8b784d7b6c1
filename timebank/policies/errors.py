"""Refusals of policies."""

from timebank.errors import Refusal


class PolicyRaced(Refusal):
    """Others set values at the same moment, again and again; nothing has changed."""

    code = "POLICY_RACED"
    status = 409
    title = "规则正被他人修改"
    title_en = "Policy raced"
    detail = "有人正在同时修改规则，请稍后再试一次。"
    detail_en = "Somebody is setting rules at the same moment. Try again."
    retryable = True
    constraints = ("pk_policy_version",)
