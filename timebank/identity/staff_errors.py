"""Refusals about staff accounts: signing in with them, and managing them."""

from timebank.errors import Refusal


class PasswordChangeRequired(Refusal):
    """The password is right and temporary: it is good for choosing another one, in the same request."""

    code = "PASSWORD_CHANGE_REQUIRED"
    status = 403
    title = "请先修改密码"
    title_en = "Password change required"
    detail = "您用的是临时密码。请设置新密码（至少 {min_length} 个字符），登录时一并提交。"
    detail_en = (
        "This password is temporary. Choose a new one of at least {min_length} characters and send it as new_password."
    )


class SecondFactorRequired(Refusal):
    """The password is right; this account also needs a code."""

    code = "SECOND_FACTOR_REQUIRED"
    status = 401
    title = "需要动态验证码"
    title_en = "Second factor required"
    detail = "请输入手机验证器上的 6 位动态码，或一个备用码。"
    detail_en = "Send the six digits of your authenticator, or one of your recovery codes, as code."


class SecondFactorWrong(Refusal):
    """The code is wrong, too old, or was used before."""

    code = "SECOND_FACTOR_WRONG"
    status = 401
    title = "动态验证码不正确"
    title_en = "Wrong second factor"
    detail = "动态码不正确、已过期或已用过。请等下一个码再试；手机不在身边请用备用码。"
    detail_en = "The code is wrong, too old or was used before. Wait for the next one, or use a recovery code."


class SecondFactorStands(Refusal):
    """There is a confirmed second factor already; or there is none that could be confirmed or ended."""

    code = "SECOND_FACTOR_STANDS"
    status = 409
    title = "动态验证码状态不符"
    title_en = "Second factor not in this state"
    detail = "动态验证码已启用，或还没有开始设置。请刷新后查看；换手机请先停用再重新设置。"
    detail_en = "It is switched on already, or was never begun. To change the phone, end it and begin anew."


class StaffDisabled(Refusal):
    """The account is disabled: enable it before anything is granted or reset."""

    code = "STAFF_DISABLED"
    status = 409
    title = "工作人员账号已停用"
    title_en = "Staff account disabled"
    detail = "这个工作人员账号已停用，请先启用再办理。"
    detail_en = "This staff account is disabled. Enable it first."


class LastAdmin(Refusal):
    """Nobody would be left who administers the whole bank."""

    code = "LAST_ADMIN"
    status = 409
    title = "须保留一位全行管理员"
    title_en = "Last administrator"
    detail = "这是最后一位管全行的管理员，不能停用或收回。请先授权另一位。"
    detail_en = "This is the last administrator of the whole bank. Appoint another one first."


class OwnStaffAccount(Refusal):
    """Nobody changes their own rights or their own account this way."""

    code = "OWN_STAFF_ACCOUNT"
    status = 403
    title = "不能办理自己的账号"
    title_en = "Not for one's own account"
    detail = "不能给自己授权、停用或重置。请另一位管理员办理；改密码请在“我的账号”中。"
    detail_en = (
        "Nobody grants, disables or resets for themself. Ask another administrator; change your password yourself."
    )


class BeyondScope(Refusal):
    """The account, or what is to be granted, reaches further than whoever asks."""

    code = "BEYOND_SCOPE"
    status = 403
    title = "超出您的管理范围"
    title_en = "Beyond your scope"
    detail = "此人的权限（或要授予的权限）超出您的管理范围，请上级管理员办理。"
    detail_en = "This account, or what is to be granted, reaches further than you do. Ask an administrator above."


class GrantHeld(Refusal):
    """The person holds this role in this scope already."""

    code = "GRANT_HELD"
    status = 409
    title = "已有这项权限"
    title_en = "Grant held already"
    detail = "此人已有这项权限，不用重复授权。"
    detail_en = "The person holds this role in this scope already."


class StaffAlready(Refusal):
    """This person has a staff account."""

    code = "STAFF_ALREADY"
    status = 409
    title = "已是工作人员"
    title_en = "Staff already"
    detail = "此人已有工作人员账号，请直接授权。"
    detail_en = "This person has a staff account already. Grant the role to it."
    constraints = ("pk_identity_password",)
