"""What the ledger refuses. Contexts carry minutes only."""

from timebank.errors import Refusal


class InsufficientMinutes(Refusal):
    """More minutes are asked for than are available. Context: ``needed_minutes``, ``available_minutes``."""

    code = "INSUFFICIENT_MINUTES"
    status = 409
    title = "可用时间币不足"
    title_en = "Not enough minutes"
    detail = "需要 {needed_minutes} 分钟，现在可用 {available_minutes} 分钟。请减少数量，或等新的服务时长入账后再试。"
    detail_en = "This needs {needed_minutes} minutes; {available_minutes} are available. Take less, or earn more first."
    constraints = ("ck_ledger_entry_floor",)


class HoldNotFound(Refusal):
    """There is no hold with this id."""

    code = "HOLD_NOT_FOUND"
    status = 404
    title = "没有这笔预留"
    title_en = "No such hold"
    detail = "没有找到这笔预留的时间币。请核对预约编号。"
    detail_en = "There is no such hold. Check the reservation."


class HoldExpired(Refusal):
    """The hold's time is over; its minutes are available again."""

    code = "HOLD_EXPIRED"
    status = 410
    title = "预留已过期"
    title_en = "The hold has expired"
    detail = "这笔预留已过期，时间币已退回可用余额。请重新预约。"
    detail_en = "This hold has expired and its minutes are available again. Reserve once more."


class AlreadyResolved(Refusal):
    """The hold was captured or released before; a hold resolves once."""

    code = "ALREADY_RESOLVED"
    status = 409
    title = "预留已处理"
    title_en = "Already resolved"
    detail = "这笔预留已经领取或取消，不能再次处理。请刷新后查看结果。"
    detail_en = "This hold was captured or released before. Refresh to see the outcome."
    constraints = ("uq_ledger_transfer_resolves",)


class AlreadyReversed(Refusal):
    """The transfer was reversed before; a transfer reverses once."""

    code = "ALREADY_REVERSED"
    status = 409
    title = "已经冲正"
    title_en = "Already reversed"
    detail = "这笔记账已经冲正过，不能再次冲正。请刷新后查看结果。"
    detail_en = "This transfer was reversed before. Refresh to see the outcome."
    constraints = ("uq_ledger_transfer_reverses",)


class AlreadyPosted(Refusal):
    """The same fact was posted before under another id: nothing is credited or spent twice."""

    code = "ALREADY_POSTED"
    status = 409
    title = "已经入账"
    title_en = "Already posted"
    detail = "同一件事已经记过账，不会重复记账。请刷新后查看账目。"
    detail_en = "The same fact was posted before and is not posted twice. Refresh to see the entries."
    constraints = ("uq_ledger_transfer_kind_phase_source_type_source_id",)


class PostingConflict(Refusal):
    """The transfer's id is taken by a posting with other content."""

    code = "POSTING_CONFLICT"
    status = 422
    title = "记账编号冲突"
    title_en = "The id belongs to another posting"
    detail = "这个编号已用于内容不同的另一笔记账。请换一个新的编号。"
    detail_en = "This id was used for a posting with other content. Use a new id."


class AccountClosed(Refusal):
    """The account is closed; nothing is posted to it any more."""

    code = "ACCOUNT_CLOSED"
    status = 409
    title = "账户已关闭"
    title_en = "The account is closed"
    detail = "这个时间币账户已关闭，不能再记账。请联系管理员。"
    detail_en = "This account is closed and takes no more postings. Ask an administrator."


class NotSealedYet(Refusal):
    """No seal holds anything of this account yet."""

    code = "NOT_SEALED_YET"
    status = 404
    title = "尚未封存"
    title_en = "Not sealed yet"
    detail = "账户还没有进入任何一次封存。下一次封存之后即可取得证明。"
    detail_en = "No seal covers this account yet. Ask again after the next seal."


class LedgerDiffersFromSeal(Refusal):
    """Something that was sealed is gone or has changed: a new seal would only cover it up."""

    code = "LEDGER_DIFFERS_FROM_SEAL"
    status = 409
    title = "账本与上次封存不符"
    title_en = "The ledger differs from its last seal"
    detail = "第 {n} 次封存过的账目有缺失或改动，不能继续封存。请立即运行 timebank ledger verify 并报告审计员。"
    detail_en = (
        "Something that seal {n} covers is missing or changed. Run `timebank ledger verify` and tell the auditor."
    )


class DebtOutstanding(Refusal):
    """The owner still owes minutes that were credited wrongly and had been spent. Context: ``debt_minutes``."""

    code = "DEBT_OUTSTANDING"
    status = 409
    title = "有欠还的时间币"
    title_en = "Minutes are owed"
    detail = "账户还欠 {debt_minutes} 分钟（更正时已被使用的时间币）。新入账的时间币会先抵扣，抵清后即可使用。"
    detail_en = (
        "{debt_minutes} minutes are owed after a correction. What is earned next pays them first; then spend again."
    )


class TransferNotFound(Refusal):
    """There is no transfer with this id that could be refunded or reversed."""

    code = "TRANSFER_NOT_FOUND"
    status = 404
    title = "没有这笔记账"
    title_en = "No such transfer"
    detail = "没有找到可以退回或冲正的这笔记账。请核对编号。"
    detail_en = "There is no such transfer to refund or reverse. Check its number."


class RefundTooLarge(Refusal):
    """All refunds of one redemption together give back no more than it took.

    Context: ``needed_minutes``, ``available_minutes`` (what may still be refunded).
    """

    code = "REFUND_TOO_LARGE"
    status = 409
    title = "退回超过已支付的时间币"
    title_en = "More than was paid"
    detail = "要退回 {needed_minutes} 分钟，这笔兑换还可退回 {available_minutes} 分钟。请减少退回的数量。"
    detail_en = "{needed_minutes} minutes are asked back; {available_minutes} are left to refund. Refund less."


class OpenHolds(Refusal):
    """A wallet with open holds cannot be merged into another. Context: ``held_minutes``."""

    code = "OPEN_HOLDS"
    status = 409
    title = "还有预留的时间币"
    title_en = "There are open holds"
    detail = "该账户还有 {held_minutes} 分钟预留中。请先领取或取消预约，再合并账户。"
    detail_en = "{held_minutes} minutes of this account are held. Collect or cancel the reservations, then merge."


class WalletNotFound(Refusal):
    """One of two people who are to become one has no wallet: there is nothing to merge, or nothing to merge it into."""

    code = "WALLET_NOT_FOUND"
    status = 404
    title = "没有时间币账户"
    title_en = "No wallet"
    detail = "其中一人还没有时间币账户，无法合并账目。请核对两人的编号。"
    detail_en = "One of the two has no wallet yet, so there is nothing to merge. Check both numbers."
