"""Refusals of signing in."""

from timebank.errors import Refusal


class WrongPassword(Refusal):
    """No such user, or not this password: the answer does not say which."""

    code = "WRONG_PASSWORD"
    status = 401
    title = "用户名或密码不正确"
    title_en = "Wrong user name or password"
    detail = "用户名或密码不正确，请检查后重试；忘记密码请联系管理员。"
    detail_en = "The user name or the password is wrong. Check both, or ask an administrator for a new password."


class SignInLocked(Refusal):
    """Too many wrong passwords for this user name from this address; others are not locked out by it."""

    code = "SIGN_IN_LOCKED"
    status = 429
    title = "尝试次数过多"
    title_en = "Too many attempts"
    detail = "密码输错次数过多，请 {wait_minutes} 分钟后再试。"
    detail_en = "Too many wrong passwords. Try again in {wait_minutes} minutes."
    retryable = True


class RefreshTokenInvalid(Refusal):
    """The refresh token is unknown, expired, revoked, or was used before (which revokes its whole session)."""

    code = "REFRESH_TOKEN_INVALID"
    status = 401
    title = "登录已失效"
    title_en = "Refresh token invalid"
    detail = "登录已失效，请重新登录。"
    detail_en = "This refresh token is no longer good. Sign in again."


class PersonNotActive(Refusal):
    """The account is frozen or closed."""

    code = "PERSON_NOT_ACTIVE"
    status = 403
    title = "账户已停用"
    title_en = "Account not active"
    detail = "您的账户已停用，请联系所属组织。"
    detail_en = "Your account is not active. Ask your organisation."


class VolunteerNumberTaken(Refusal):
    """Two people drew the same volunteer number in the same instant; drawing again settles it."""

    code = "VOLUNTEER_NUMBER_TAKEN"
    status = 503
    title = "请再试一次"
    title_en = "Try again"
    detail = "编号冲突，请再试一次。"
    detail_en = "A number was drawn twice. Send the same request again."
    retryable = True
    constraints = ("uq_identity_person_volunteer_no", "uq_identity_person_member_ref")


class UsernameTaken(Refusal):
    """Another staff member has this user name."""

    code = "USERNAME_TAKEN"
    status = 409
    title = "用户名已被使用"
    title_en = "User name taken"
    detail = "这个用户名已被使用，请换一个。"
    detail_en = "This user name is taken. Choose another."
    constraints = ("uq_identity_password_username",)


class WechatCodeInvalid(Refusal):
    """WeChat does not know the code, or it was used before (errcode 40029, 40163)."""

    code = "WECHAT_CODE_INVALID"
    status = 401
    title = "微信登录码无效"
    title_en = "WeChat code invalid"
    detail = "微信登录码无效或已使用，请重新打开小程序登录。"
    detail_en = "The WeChat code is invalid or was used before. Call wx.login again."


class WechatUserBlocked(Refusal):
    """WeChat calls this user high-risk (errcode 40226)."""

    code = "WECHAT_USER_BLOCKED"
    status = 403
    title = "微信账号受限"
    title_en = "WeChat user blocked"
    detail = "您的微信账号被限制登录，请联系微信客服。"
    detail_en = "WeChat has blocked this user. Ask WeChat's support."


class WechatTooOften(Refusal):
    """WeChat's own limit per user and minute is reached (errcode 45011)."""

    code = "WECHAT_TOO_OFTEN"
    status = 429
    title = "登录过于频繁"
    title_en = "Too many WeChat sign-ins"
    detail = "登录过于频繁，请一分钟后再试。"
    detail_en = "Too many sign-ins through WeChat. Try again in a minute."
    retryable = True


class WechatUnavailable(Refusal):
    """WeChat is busy or cannot be reached (errcode -1, a time-out, an answer that is none)."""

    code = "WECHAT_UNAVAILABLE"
    status = 503
    title = "暂时无法连接微信"
    title_en = "WeChat unavailable"
    detail = "暂时无法连接微信，请稍后再试。"
    detail_en = "WeChat cannot be reached at the moment. Try again later."
    retryable = True


class RelationExists(Refusal):
    """The two have an open relation already, whoever proposed it; or the same number was proposed to before."""

    code = "RELATION_EXISTS"
    status = 409
    title = "亲属关系已登记"
    title_en = "Relation exists"
    detail = "您与对方已有一条登记中的亲属关系，请在“我的亲属”中查看。"
    detail_en = "There is an open relation between you two. See it in your list of relatives."
    constraints = ("uq_identity_family_pair",)


class OtherPersonDecides(Refusal):
    """What one has proposed or offered, the other has to answer."""

    code = "OTHER_PERSON_DECIDES"
    status = 403
    title = "须由对方确认"
    title_en = "The other person decides"
    detail = "这是您发起的，要由对方确认。请提醒对方打开自己的小程序。"
    detail_en = "You have started this; the other person has to answer it. Remind them."


class RelationNotWaiting(Refusal):
    """The relation has been decided or ended, or nobody has confirmed it yet. Context: ``state``."""

    code = "RELATION_NOT_WAITING"
    status = 409
    title = "亲属关系不在待办状态"
    title_en = "The relation is not waiting"
    detail = "这条亲属关系不能这样处理：可能已有结果，或对方还没有确认。请刷新后查看。"
    detail_en = "This cannot be done with the relation now ({state}). Refresh to see what became of it."


class OwnFamily(Refusal):
    """Nobody decides for themself or for a relative (rules R08, R35)."""

    code = "OWN_FAMILY"
    status = 403
    title = "须回避本人和亲属"
    title_en = "Not for one's own family"
    detail = "这件事涉及您本人或您的亲属，请由另一位工作人员办理。"
    detail_en = "This concerns you or a relative of yours. Ask a colleague to do it."
