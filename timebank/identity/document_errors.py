"""Refusals of document numbers."""

from timebank.errors import Refusal


class DocumentTaken(Refusal):
    """Another person has this document number; staff see that the two may be one. Who it is is not said."""

    code = "DOCUMENT_TAKEN"
    status = 409
    title = "证件号码已登记"
    title_en = "Document number taken"
    detail = "这个证件号码已登记在另一个账户下。如果那也是您本人，请带证件找工作人员合并账户。"
    detail_en = (
        "Another account has this document number. If that is you as well, show the document to staff to merge both."
    )
    constraints = ("uq_identity_document_number_hash",)


class DocumentKnown(Refusal):
    """A document number is on record; another one is for staff to enter, who look at the document."""

    code = "DOCUMENT_KNOWN"
    status = 409
    title = "证件号码已登记"
    title_en = "Document number known"
    detail = "您的证件号码已登记，不能自行更改。如有错误或换了证件，请带证件找工作人员更正。"
    detail_en = "Your document number is on record and is not changed by oneself. Show the document to staff."


class DocumentBirthDiffers(Refusal):
    """The birth date in the number is not the one on record."""

    code = "DOCUMENT_BIRTH_DIFFERS"
    status = 409
    title = "出生日期与证件不一致"
    title_en = "Birth date differs from the document"
    detail = "证件号码中的出生日期与登记的不一致。请核对号码；号码无误的，请带证件找工作人员更正出生日期。"
    detail_en = (
        "The birth date in the number is not the one on record. Check the number, or show the document to staff."
    )


class VaultKeyMissing(Refusal):
    """The vault is off, or holds nothing readable: the key of this number is not among those in the settings."""

    code = "VAULT_KEY_MISSING"
    status = 409
    title = "证件号码无法解密"
    title_en = "The number cannot be opened"
    detail = "没有可用的证件号码密文或密钥，只能看到末四位。请联系系统管理员检查 TIMEBANK_VAULT_KEY。"
    detail_en = "There is no sealed number, or not its key: only the last four are at hand. Ask the operator (TIMEBANK_VAULT_KEY)."
