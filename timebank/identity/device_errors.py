"""Refusals of devices."""

from timebank.errors import Refusal


class DeviceRevoked(Refusal):
    """The request names a device that is none: revoked, or its token was replaced, or never given out."""

    code = "DEVICE_REVOKED"
    status = 401
    title = "设备已停用"
    title_en = "Device revoked"
    detail = "这台设备没有登记，或已停用、已更换密钥。请向协调员要一个新的设备登记码，重新登记。"
    detail_en = (
        "This device is not enrolled, was revoked, or has a newer token. Ask a coordinator for a new enrolment code."
    )


class DeviceNotForThis(Refusal):
    """A screen shows codes and nothing else; a till shows none. Context: ``kind``."""

    code = "DEVICE_NOT_FOR_THIS"
    status = 403
    title = "设备用途不符"
    title_en = "Not what this device is for"
    detail = "这台设备不能用来做这件事：屏幕只显示现场签到码，收银台只在自己的公益仓柜台使用。请换一台设备。"
    detail_en = "This device is a {kind}: a screen shows codes, a till serves its own counter. Use another device."


class NotOnItsDevice(Refusal):
    """The session was opened on an enrolled device, and the request does not come from that one."""

    code = "NOT_ON_ITS_DEVICE"
    status = 403
    title = "请在登录的设备上操作"
    title_en = "Not on the device of this session"
    detail = "您是在公益仓的设备上登录的，这次登录只能在那台设备上办理业务。请回到那台设备，或在这里重新登录。"
    detail_en = (
        "You signed in on a device of the shop, and that session works there only. Go back to it, or sign in here."
    )


class DeviceCodeInvalid(Refusal):
    """The enrolment code is unknown, was used, or is too old: the answer does not say which."""

    code = "DEVICE_CODE_INVALID"
    status = 422
    title = "设备登记码无效"
    title_en = "Enrolment code invalid"
    detail = "设备登记码不对、已用过或已过期（15 分钟内有效，只能用一次）。请核对，或向协调员要一个新的。"
    detail_en = (
        "The code is wrong, was used, or is older than 15 minutes. Check it, or ask a coordinator for a new one."
    )


class DeviceEnrolmentLocked(Refusal):
    """Too many wrong enrolment codes from one address. Context: ``until``."""

    code = "DEVICE_ENROLMENT_LOCKED"
    status = 429
    title = "设备登记码输错次数过多"
    title_en = "Too many wrong enrolment codes"
    detail = "设备登记码输错次数过多，请 {wait_minutes} 分钟后再试。"
    detail_en = "Too many wrong enrolment codes. Try again in {wait_minutes} minutes."
    retryable = True


class DeviceGone(Refusal):
    """A revoked device stays revoked; another one is enrolled in its place."""

    code = "DEVICE_GONE"
    status = 409
    title = "设备已经停用"
    title_en = "The device was revoked"
    detail = "这台设备已经停用，不能再换密钥。请为它生成新的登记码，作为新设备登记。"
    detail_en = "This device was revoked and gets no new token. Make a code and enrol it as a new device."
