"""Refusals of the shop."""

from timebank.errors import Refusal


class Ean13Invalid(Refusal):
    """The barcode is no EAN-13: not thirteen digits, or the check digit does not fit."""

    code = "EAN13_INVALID"
    status = 422
    title = "条形码有误"
    title_en = "Bad barcode"
    detail = "条形码须为 13 位数字，且校验位正确。请重新扫描，或核对后输入。"
    detail_en = "A barcode has 13 digits with the right check digit. Scan it again, or check what you typed."


class Ean13Taken(Refusal):
    """Another goods carries this barcode."""

    code = "EAN13_TAKEN"
    status = 409
    title = "条形码已被使用"
    title_en = "Barcode taken"
    detail = "已有物品使用这个条形码，请核对物品目录。"
    detail_en = "Another goods carries this barcode. Check the catalogue."
    constraints = ("uq_goods_ean13", "pk_goods_barcode")


class UnknownGoods(Refusal):
    """A line names goods that do not exist or are no longer offered."""

    code = "UNKNOWN_GOODS"
    status = 422
    title = "没有这种物品"
    title_en = "Unknown goods"
    detail = "有物品不存在或已停用，请按提示核对。"
    detail_en = "Some goods do not exist or are no longer offered. Check the lines that are listed."


class NotAShop(Refusal):
    """The site hands out no goods, or takes none in."""

    code = "NOT_A_SHOP"
    status = 409
    title = "此站点不是公益仓"
    title_en = "Not a shop"
    detail = "此站点不收发物品，请选择公益仓。"
    detail_en = "This site does not handle goods. Choose a shop."


class IntakeExpired(Refusal):
    """Goods that are past their expiry are not taken in (rule R33)."""

    code = "INTAKE_EXPIRED"
    status = 422
    title = "物品已过期"
    title_en = "Already expired"
    detail = "有物品已经过期，不能入库。请核对保质期。"
    detail_en = "Some goods are past their expiry and cannot be taken in. Check the dates."


class OutOfStock(Refusal):
    """There are fewer pieces than wanted; the context names goods, pieces wanted and pieces available."""

    code = "OUT_OF_STOCK"
    status = 409
    title = "库存不足"
    title_en = "Out of stock"
    detail = "库存不足：想要 {quantity} 件，现有 {available} 件。请减少数量，或到其他公益仓看看。"
    detail_en = "Not enough in stock: {quantity} wanted, {available} available. Take fewer, or try another shop."


class NothingForPurpose(Refusal):
    """No lot of these goods (``goods_id``) that may be handed out is for the purpose that was named (rule R32)."""

    code = "NOTHING_FOR_PURPOSE"
    status = 409
    title = "没有为这一用途留的物品"
    title_en = "Nothing for this purpose"
    detail = "这里没有为这一用途留的、能发放的这种物品：已发完、过期、召回，或用途已变更。请对照批次清单上的用途，一字不差地填写。"
    detail_en = (
        "No lot of these goods is kept for this purpose here: all gone, expired, recalled, or for something else by now. "
        "Name the purpose exactly as the list of lots has it."
    )


class PurposeNeedsCoordinator(Refusal):
    """A clerk hands out what was given for a purpose only to people whose need staff have seen (rule R32)."""

    code = "PURPOSE_NEEDS_COORDINATOR"
    status = 403
    title = "须由协调员发放"
    title_en = "A coordinator hands this out"
    detail = "对方没有在本组织登记免费额度。是不是捐赠人指定的人，须由协调员判断并经手，请协调员来办。"
    detail_en = (
        "This person has no free quota at this organisation. Whether the donor meant them is for a coordinator to say: "
        "ask one to hand it out."
    )


class HistoryTooShort(Refusal):
    """The policy asks for more service before the first redemption (rule R29)."""

    code = "HISTORY_TOO_SHORT"
    status = 409
    title = "服务时长未达兑换条件"
    title_en = "Not enough service yet"
    detail = "兑换需累计服务满 {needed_minutes} 分钟，您现有 {service_minutes} 分钟。"
    detail_en = "Redeeming takes {needed_minutes} minutes of service; you have {service_minutes}."


class AlreadyHandedOver(Refusal):
    """The goods of this redemption have left; the context says when, and the receipt's number."""

    code = "ALREADY_HANDED_OVER"
    status = 409
    title = "已经核销"
    title_en = "Already handed over"
    detail = "这张兑换单已于 {handed_over_at} 核销，小票号 {receipt_no}。请勿重复发放。"
    detail_en = "This redemption was handed over at {handed_over_at} (Beijing time), receipt {receipt_no}. Do not hand over again."


class RedemptionCancelled(Refusal):
    """The redemption was cancelled; minutes and goods have gone back."""

    code = "REDEMPTION_CANCELLED"
    status = 410
    title = "兑换单已取消"
    title_en = "Redemption cancelled"
    detail = "这张兑换单已于 {cancelled_at} 取消，时间币和物品都已退回。需要请重新兑换。"
    detail_en = "This redemption was cancelled at {cancelled_at} (Beijing time); minutes and goods have gone back. Reserve again."


class LineOverPicked(Refusal):
    """More pieces are handed over than were reserved, or none at all."""

    code = "LINE_OVER_PICKED"
    status = 422
    title = "核销数量有误"
    title_en = "Wrong quantities"
    detail = "核销的物品和数量不能超出兑换单，且至少一件。一件都不取请取消兑换单。"
    detail_en = (
        "Hand over at most what was reserved, and at least one piece. If nothing is taken, cancel the redemption."
    )


class CodeNotFound(Refusal):
    """The code names nothing that this clerk's shops hold. Leaves a trace; ten of them lock the device or clerk out."""

    code = "CODE_NOT_FOUND"
    status = 404
    title = "没有找到这个码"
    title_en = "Code not found"
    detail = "本公益仓没有这个码。请核对数字，或请对方重新出示。"
    detail_en = "No such code at your shop. Check the digits, or ask to see it again."


class CodeAmbiguous(Refusal):
    """Two shops of this clerk hold a redemption with the same digits."""

    code = "CODE_AMBIGUOUS"
    status = 409
    title = "码对应多张兑换单"
    title_en = "Ambiguous code"
    detail = "您管理的公益仓中有两张兑换单是这个数字。请扫描提货二维码，或注明站点。"
    detail_en = "Two redemptions at your shops have these digits. Scan the pickup QR code, or name the site."


class CounterLocked(Refusal):
    """Too many wrong codes from one device, or one clerk without one: somebody may be guessing. Context: ``until``."""

    code = "COUNTER_LOCKED"
    status = 429
    title = "输错次数过多"
    title_en = "Counter locked"
    detail = "码输错次数过多，锁定到 {until_local}，请 {wait_minutes} 分钟后再试；着急的话请协调员解除锁定。"
    detail_en = (
        "Too many wrong codes: locked until {until_local} (Beijing time). Try again in {wait_minutes} minutes, "
        "or ask a coordinator to lift it."
    )
    retryable = True


class MemberCodeUsed(Refusal):
    """A member code pays once; the next one appears within half a minute."""

    code = "MEMBER_CODE_USED"
    status = 409
    title = "会员码已使用"
    title_en = "Member code used"
    detail = "这个会员码已经用过。请对方刷新会员码后再扫。"
    detail_en = "This member code has been used. Ask for a fresh one and scan again."
    constraints = ("pk_used_member_code",)


class ServicesOnly(Refusal):
    """By the rules of this place minutes buy services, not goods (``goods_redemption``; 南京)."""

    code = "SERVICES_ONLY"
    status = 409
    title = "本地时间币不兑换物品"
    title_en = "Services only"
    detail = "按本地规则，时间币只能换取服务，不能兑换物品。您的服务时长和余额不受影响。"
    detail_en = "By the rules of this place minutes buy services, not goods. Your service and balance are untouched."


class AlreadyExtended(Refusal):
    """A reservation is extended once."""

    code = "ALREADY_EXTENDED"
    status = 409
    title = "已经延期过"
    title_en = "Already extended"
    detail = "这张兑换单已经延期过一次，请在 {expires_local} 前提货。"
    detail_en = "This redemption was extended before. Collect it before {expires_local} (Beijing time)."


class NotHandedOver(Refusal):
    """Only what has left the shop can come back."""

    code = "NOT_HANDED_OVER"
    status = 409
    title = "还没有核销"
    title_en = "Not handed over"
    detail = "这张兑换单没有核销过，没有可退的物品。未提货的兑换单请直接取消。"
    detail_en = "Nothing of this redemption was handed over. Cancel it instead."


class RefundsNotAllowed(Refusal):
    """By the rules of this place goods are not taken back (``refunds: never``; 黄山)."""

    code = "REFUNDS_NOT_ALLOWED"
    status = 409
    title = "本地规定不退货"
    title_en = "No refunds here"
    detail = "按本地规则，兑换后不能退货。刚交出时发现错误，经办人可在 15 分钟内撤销。"
    detail_en = "By the rules of this place nothing is taken back. The clerk may undo a slip within 15 minutes."


class RefundExceedsTaken(Refusal):
    """More pieces of a line are to come back than were taken and not yet refunded (``goods_id``, ``left``)."""

    code = "REFUND_EXCEEDS_TAKEN"
    status = 409
    title = "退货数量过多"
    title_en = "More than was taken"
    detail = "退货数量超过已领取的数量，最多还能退 {left} 件。请核对小票。"
    detail_en = "More than was taken: at most {left} pieces can still come back. Check the receipt."


class LotExpired(Refusal):
    """Pieces of a lot that has expired meanwhile cannot go back on the shelf (rule R33)."""

    code = "LOT_EXPIRED"
    status = 409
    title = "批次已过期"
    title_en = "Lot expired"
    detail = "这些物品的批次已过期，不能重新上架。请选择不回库后再退。"
    detail_en = "The lot has expired: these pieces cannot go back on the shelf. Refund without restocking."


class UndoTooLate(Refusal):
    """Only the clerk who handed over may undo it, and within 15 minutes."""

    code = "UNDO_TOO_LATE"
    status = 409
    title = "不能撤销"
    title_en = "Too late to undo"
    detail = "只有经办人本人能在核销后 {minutes} 分钟内撤销，且不能有过退货。请改为办理退货；已经撤销过的，不用再办。"
    detail_en = (
        "Only the clerk who handed over may undo it, within {minutes} minutes and before any refund. "
        "Refund instead; what is undone already needs nothing more."
    )
