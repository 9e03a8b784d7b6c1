"""Refusals about certificates."""

from timebank.errors import Refusal


class NothingToCertify(Refusal):
    """The organisation has no final record of this volunteer in the period: whoever recorded certifies (rule R16)."""

    code = "NOTHING_TO_CERTIFY"
    status = 409
    title = "没有可以证明的服务记录"
    title_en = "Nothing to certify"
    detail = "该组织在这段时间里没有您可以证明的服务记录：谁记录、谁证明，审核中和公示中的记录不能证明。请核对组织、志愿者编号和起止日期。"
    detail_en = (
        "This organisation has no final record of this volunteer in that period. Only who recorded certifies, and what "
        "is under review or on notice is not final. Check organisation, number and days."
    )


class RecordsObjected(Refusal):
    """An objection to a record inside waits for its answer (``record_ids``); what may be wrong is not certified."""

    code = "CERTIFICATE_RECORDS_OBJECTED"
    status = 409
    title = "有记录正在核实异议"
    title_en = "An objection is open"
    detail = "有 {count} 条服务记录的异议还没有答复，暂不能出具证明。请等待答复，或选择不含这些记录的起止日期。"
    detail_en = "Objections to {count} of the records wait for their answers. Wait for them, or choose a period without these records."


class RecordsBeingCorrected(Refusal):
    """A correction of a record inside waits for its second person (``record_ids``): what may be wrong is not certified."""

    code = "CERTIFICATE_RECORDS_BEING_CORRECTED"
    status = 409
    title = "有记录正在更正"
    title_en = "A correction is open"
    detail = "有 {count} 条服务记录的更正还在等另一人批准，暂不能出具证明。请等待处理，或选择不含这些记录的起止日期。"
    detail_en = (
        "Corrections of {count} of the records wait for a second person. Wait for the decision, or choose a period "
        "without these records."
    )


class CertificateTooLong(Refusal):
    """More records than one certificate takes (``limit``)."""

    code = "CERTIFICATE_TOO_LONG"
    status = 409
    title = "服务记录太多"
    title_en = "Too many records"
    detail = "一份证明最多列 {limit} 条服务记录。请填写起止日期，分几份出具。"
    detail_en = "One certificate takes {limit} records at most. Give a period, and ask for several."


class PublicUrlMissing(Refusal):
    """Nobody has said at which address the public reaches this bank: a QR code would lead nowhere."""

    code = "PUBLIC_URL_MISSING"
    status = 409
    title = "未设置公众核验地址"
    title_en = "No public address"
    detail = "系统还没有设置公众可以访问的网址，证明上的二维码无法核验。请管理员设置 TIMEBANK_PUBLIC_URL。"
    detail_en = "The QR code of a certificate would lead nowhere. Ask the operator to set TIMEBANK_PUBLIC_URL."


class HolderUnnamed(Refusal):
    """The holder has never said their name: a certificate for 志愿者1234 is worth nothing."""

    code = "HOLDER_UNNAMED"
    status = 409
    title = "还没有填写姓名"
    title_en = "No name given"
    detail = "证明上要写姓名，志愿者的资料里还没有。请先在个人资料里填写真实姓名，再申请。"
    detail_en = "A certificate carries a name, and none is on record. Enter it in the profile first, then ask again."


class CertificateRevoked(Refusal):
    """The certificate was revoked; that is for good."""

    code = "CERTIFICATE_REVOKED"
    status = 409
    title = "证明已撤销"
    title_en = "Certificate revoked"
    detail = "这份证明已经撤销，不能恢复或再次打印。记录无误的，请重新申请一份。"
    detail_en = "This certificate was revoked for good. If the records are right, ask for a new one."
    constraints = ("pk_certificate_revocation",)


class CertificateErased(Refusal):
    """The holder has left and their name was erased: nothing can be printed any more."""

    code = "CERTIFICATE_ERASED"
    status = 410
    title = "证明持有人的个人信息已删除"
    title_en = "Holder erased"
    detail = "持有人已注销，姓名已按其要求删除，证明不能再打印。已打印的仍可核验。"
    detail_en = (
        "The holder has left and their name was erased. It cannot be printed again; paper copies can still be verified."
    )


class CertificateAltered(Refusal):
    """What is kept does not give the hash that was registered: somebody has changed a name. Nothing is printed."""

    code = "CERTIFICATE_ALTERED"
    status = 409
    title = "证明内容与登记不符"
    title_en = "Certificate altered"
    detail = "保存的内容与登记的校验值不符，没有生成文件。请联系管理员核查；可以撤销后重新出具。"
    detail_en = "What is kept does not match the registered hash, and nothing was printed. Tell the operator; revoke it and issue a new one."
