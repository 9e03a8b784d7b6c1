"""Refusals about merchants."""

from timebank.errors import Refusal


class MerchantExists(Refusal):
    """The organisation is registered as a merchant already."""

    code = "MERCHANT_EXISTS"
    status = 409
    title = "商家已登记"
    title_en = "Merchant exists"
    detail = "这个组织已登记为商家。续签请在该商家下登记新协议。"
    detail_en = "This organisation is a merchant already. Enter a renewed agreement under that merchant."
    constraints = ("uq_merchant_organisation_id",)


class AgreementNotInForce(Refusal):
    """No agreement of the merchant is in force today."""

    code = "AGREEMENT_NOT_IN_FORCE"
    status = 409
    title = "商家协议未生效或已到期"
    title_en = "No agreement in force"
    detail = "该商家今天没有生效的协议，不能入库。请先登记新的协议。"
    detail_en = "This merchant has no agreement in force today. Enter a renewed agreement before taking goods in."


class MonthNotOver(Refusal):
    """A month is settled when it is over."""

    code = "MONTH_NOT_OVER"
    status = 409
    title = "这个月还没有结束"
    title_en = "Month not over"
    detail = "{month} 还没有结束，{from_local} 起才能出结算单。"
    detail_en = "{month} is not over. It can be settled from {from_local} (Asia/Shanghai) on."


class SettlementExists(Refusal):
    """The month is settled; what came later goes into a later one."""

    code = "SETTLEMENT_EXISTS"
    status = 409
    title = "这个月已有结算单"
    title_en = "Settled already"
    detail = "这个月的结算单已经出具，请直接查阅。此后的退货记入退货当月的结算单。"
    detail_en = (
        "There is a statement of this month; read that one. Later refunds are in the statement of their own month."
    )
    constraints = ("uq_merchant_settlement_merchant_id_month",)


class SettlementConfirmed(Refusal):
    """The statement was confirmed already."""

    code = "SETTLEMENT_CONFIRMED"
    status = 409
    title = "结算单已经确认"
    title_en = "Confirmed already"
    detail = "这份结算单已经由他人确认，不必再确认。"
    detail_en = "Somebody has confirmed this statement. Nothing is left to do."
    constraints = ("pk_merchant_settlement_confirmation",)
