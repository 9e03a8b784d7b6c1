"""Refusals of binding a mini-program to an account that is there already."""

from timebank.errors import Refusal


class InviteInvalid(Refusal):
    """The invite is unknown, was used, was replaced, or is too old: the answer does not say which."""

    code = "INVITE_INVALID"
    status = 422
    title = "邀请码无效"
    title_en = "Invite invalid"
    detail = "邀请码不对、已用过、已换新或已过期（7 天内有效，只能用一次）。请核对，或向工作人员要一个新的。"
    detail_en = (
        "The code is wrong, was used or replaced, or is older than 7 days. Check it, or ask staff for a new one."
    )


class PhoneAmbiguous(Refusal):
    """More than one person has this number: staff find out who is who."""

    code = "PHONE_AMBIGUOUS"
    status = 409
    title = "手机号对应多人"
    title_en = "Several people have this number"
    detail = "登记这个手机号的不止一人，不能自动绑定。请带证件找工作人员，由工作人员给您邀请码。"
    detail_en = "More than one person is registered with this number. Show a document to staff, who give you an invite."


class AlreadyBound(Refusal):
    """The person signs in from another WeChat account of this mini-program already."""

    code = "ALREADY_BOUND"
    status = 409
    title = "已绑定其他微信"
    title_en = "Bound to another WeChat account"
    detail = "这位志愿者已经绑定了另一个微信。请用原来的微信登录；换了微信的，请带证件找工作人员。"
    detail_en = "This person signs in from another WeChat account. Use that one, or show a document to staff."


class NotForStaff(Refusal):
    """Whoever holds a role is not bound by a number or a paper: either would hand the role to somebody else."""

    code = "NOT_FOR_STAFF"
    status = 403
    title = "工作人员账户不能这样办理"
    title_en = "Not for staff accounts"
    detail = "这个账户有工作人员的权限，不能这样绑定或合并。请管理员先停用其权限，再办理。"
    detail_en = "This account holds a staff role. Have an administrator take the role away first."


class MergeNeeded(Refusal):
    """Both accounts have something of their own; staff were told, and two of them decide whether to merge them."""

    code = "MERGE_NEEDED"
    status = 409
    title = "需要工作人员合并账户"
    title_en = "The accounts have to be merged"
    detail = "您现在的账户和已登记的账户都有记录，不能直接绑定。已提示工作人员核对，请带证件找工作人员合并。"
    detail_en = "This account and the registered one both have records. Staff have been told; show them a document."
