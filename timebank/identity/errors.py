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
    """WeChat's own limit per minute is reached (errcode 45011, 45009)."""

    code = "WECHAT_TOO_OFTEN"
    status = 429
    title = "操作过于频繁"
    title_en = "WeChat was asked too often"
    detail = "向微信发出的请求过于频繁，请一分钟后再试。"
    detail_en = "WeChat was asked too often. Try again in a minute."
    retryable = True


class WechatPhoneCodeInvalid(Refusal):
    """WeChat does not know the code of the phone button, or it was used before (errcode 40029, 40163)."""

    code = "WECHAT_PHONE_CODE_INVALID"
    status = 422
    title = "手机号验证已失效"
    title_en = "WeChat phone code invalid"
    detail = "手机号验证已失效或已使用，请再点一次“用微信手机号绑定”。"
    detail_en = "The code of the phone button is invalid or was used before. Tap the button again."


class WechatPageMissing(Refusal):
    """The page that a mini-program code is to open is not published (errcode 41030)."""

    code = "WECHAT_PAGE_MISSING"
    status = 409
    title = "小程序页面尚未发布"
    title_en = "Page of the mini-program missing"
    detail = "小程序里还没有发布扫码页面，暂时不能生成小程序码。请使用普通海报，并请管理员核对设置。"
    detail_en = (
        "The page that the code is to open is not published. "
        "Use the ordinary poster, and have an administrator check the settings."
    )


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


class ConsentRequired(Refusal):
    """Somebody has not agreed to what this needs, or has taken it back. Context: ``purpose``."""

    code = "CONSENT_REQUIRED"
    status = 403
    title = "需要本人同意"
    title_en = "Consent required"
    detail = (
        "还没有同意“记录志愿服务”，或已经撤回。请在小程序“我的授权”中同意后再试；没有手机的，请工作人员登记纸质同意书。"
    )
    detail_en = (
        "There is no consent to {purpose}, or it was withdrawn. Give it in the mini-program and try again; "
        "without a phone, ask staff to enter a paper form."
    )


class GuardianRequired(Refusal):
    """Somebody under 18 needs a guardian's consent, and a younger one their presence (R38). Context: ``missing``, ``min_age``."""

    code = "GUARDIAN_REQUIRED"
    status = 403
    title = "需要监护人"
    title_en = "Guardian required"
    detail = (
        "未满 18 周岁须有监护人同意；未满 {min_age} 周岁的，签到时监护人还须在场并在签到时注明。"
        "请监护人在小程序中同意，或请工作人员登记纸质同意书。"
    )
    detail_en = (
        "Under 18 a guardian has to consent; under {min_age} the guardian is also present, and the check-in says so. "
        "The guardian consents in the mini-program, or staff enter a paper form."
    )


class NotForMinors(Refusal):
    """Nobody under 18 serves where it is risky, whoever consents (rule R38). Context: ``adult_age``."""

    code = "NOT_FOR_MINORS"
    status = 403
    title = "未成年人不能参加"
    title_en = "Not for minors"
    detail = "这项活动有人身风险，未满 {adult_age} 周岁不能参加，监护人同意也不行。请选择其他活动。"
    detail_en = "This activity is risky: nobody under {adult_age} takes part, whoever consents. Choose another one."


class MinorProtected(Refusal):
    """A minor's data are shown to staff only after another person has approved (未成年人网络保护条例 36)."""

    code = "MINOR_PROTECTED"
    status = 403
    title = "未成年人信息须经审批"
    title_en = "A minor's data need approval"
    detail = "此人未满 18 周岁。查看其个人信息须先写明理由，由管理员审批；每次查看都会留下记录。"
    detail_en = "They are under 18. Ask with a reason; an administrator approves, and every look is recorded."


class BirthDateKnown(Refusal):
    """A birth date was given before; another one is for staff to enter, who look at a document."""

    code = "BIRTH_DATE_KNOWN"
    status = 409
    title = "出生日期已登记"
    title_en = "Birth date known"
    detail = "出生日期已登记，不能自行修改。如有错误，请带证件找工作人员更正。"
    detail_en = "A birth date is on record and is not changed by oneself. Show a document to staff to correct it."


class GuardianExists(Refusal):
    """This guardian is on record for this person already."""

    code = "GUARDIAN_EXISTS"
    status = 409
    title = "监护人已登记"
    title_en = "Guardian exists"
    detail = "这位监护人已经登记过，不用重复登记。请刷新后查看。"
    detail_en = "This guardian is on record already. Refresh to see it."
    constraints = ("uq_identity_guardian_live",)


class AlreadyInHousehold(Refusal):
    """Nobody is in two households at a time."""

    code = "ALREADY_IN_HOUSEHOLD"
    status = 409
    title = "已在一户中"
    title_en = "In a household already"
    detail = "此人已登记在一户中。请先在原来那一户办理迁出，再登记。"
    detail_en = "This person is in a household. End that membership first, then enter this one."
    constraints = ("uq_identity_household_member_live",)


class StateUnchangeable(Refusal):
    """A closed account stays closed, and nobody comes back from the dead. Context: ``state``."""

    code = "STATE_UNCHANGEABLE"
    status = 409
    title = "账户状态不能这样更改"
    title_en = "The state cannot change so"
    detail = "这个账户已注销或已登记去世，不能恢复。如是登记错误，请联系管理员处理。"
    detail_en = "The account is {state} and cannot change so. If that was entered by mistake, ask an administrator."
