"""Why something that was scanned is not taken."""

from timebank.errors import Refusal


class TokenMalformed(Refusal):
    """The text has not the shape of any code: wrong length or alphabet."""

    code = "TOKEN_MALFORMED"
    status = 400
    title = "无法识别的码"
    title_en = "Not a code"
    detail = "这不是本平台的码，或没有扫完整。请对准二维码再扫一次。"
    detail_en = "This is not one of our codes, or not all of it was read. Scan it once more."


class TokenInvalid(Refusal):
    """The text looks like a code and is none that may be used here: bad MAC, retired key, unknown version, other kind."""

    code = "TOKEN_INVALID"
    status = 422
    title = "无效的码"
    title_en = "Invalid code"
    detail = "这个码不是本平台签发的，或不能用在这里。请扫描现场屏幕，或工作人员出示的码。"
    detail_en = "We did not issue this code, or it is not meant for this. Scan the one on the screen or the one staff shows you."


class TokenFromFuture(Refusal):
    """The step of a genuine code has not begun: whoever shows it asked for the coming ones ahead of time."""

    code = "TOKEN_FROM_FUTURE"
    status = 422
    title = "码还没有生效"
    title_en = "Code not yet valid"
    detail = "这个码还没有生效。请扫描屏幕上正在显示的码。"
    detail_en = "This code is not valid yet. Scan the one that the screen shows now."


class TokenExpired(Refusal):
    """A genuine code was scanned too late (``expired_at``): a photo sent to a friend is worth nothing."""

    code = "TOKEN_EXPIRED"
    status = 410
    title = "码已过期"
    title_en = "Code expired"
    detail = "这个码不断更换，您扫的已经过期。请扫描正在显示的新码。"
    detail_en = "This code keeps changing and the one you scanned is over. Scan the one that is shown now."


class TokenRevoked(Refusal):
    """A printed code was replaced by one with a newer serial, or its point was closed."""

    code = "TOKEN_REVOKED"
    status = 410
    title = "码已作废"
    title_en = "Code revoked"
    detail = "这张海报或卡片已经作废。请扫描新的，或找现场工作人员。"
    detail_en = "This poster or card was replaced. Scan the new one, or ask the staff."


class TicketExpired(Refusal):
    """The five minutes after the scan are over (``expired_at``)."""

    code = "TICKET_EXPIRED"
    status = 410
    title = "扫码已超时"
    title_en = "Scan timed out"
    detail = "扫码后五分钟内没有完成。请重新扫描现场的码。"
    detail_en = "It was not completed within five minutes of the scan. Scan the code again."


class TicketNotYours(Refusal):
    """The ticket came out of somebody else's scan."""

    code = "TICKET_NOT_YOURS"
    status = 403
    title = "不是您本人的扫码"
    title_en = "Not your scan"
    detail = "这次扫码属于另一个账号。请用您自己的账号在现场扫码。"
    detail_en = "This scan belongs to another account. Scan on the spot with your own."
