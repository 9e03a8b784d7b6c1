"""Refusals of the web layer itself: they concern the request, not the business."""

from timebank.errors import Refusal


class MalformedBody(Refusal):
    """The body is not JSON."""

    code = "MALFORMED_BODY"
    status = 400
    title = "请求内容不是有效的 JSON"
    title_en = "Malformed body"
    detail = "请求内容无法读懂，请以 JSON 格式重新提交。"
    detail_en = "The body could not be read. Send well-formed JSON."


class BadRequest(Refusal):
    """The request itself is broken (a header, the query string, the transfer)."""

    code = "BAD_REQUEST"
    status = 400
    title = "请求有误"
    title_en = "Bad request"
    detail = "请求无法读懂，请检查后重新提交。"
    detail_en = "The request could not be understood. Check it and send it again."


class BadCursor(Refusal):
    """``after`` is not a cursor that this list gave out."""

    code = "BAD_CURSOR"
    status = 400
    title = "翻页位置无效"
    title_en = "Bad cursor"
    detail = "翻页位置无效，请从第一页重新开始。"
    detail_en = "This is not a cursor of this list. Start from the first page."


class IdempotencyKeyRequired(Refusal):
    """A request that must not happen twice came without a usable ``Idempotency-Key``."""

    code = "IDEMPOTENCY_KEY_REQUIRED"
    status = 400
    title = "缺少幂等键"
    title_en = "Idempotency-Key required"
    detail = "请在请求头 Idempotency-Key 中带上 1 到 200 个可见字符的唯一编号，重试时保持不变。"
    detail_en = "Send a unique Idempotency-Key of 1 to 200 visible characters, and the same one when you retry."


class IdempotencyConflict(Refusal):
    """The key was used before for another body."""

    code = "IDEMPOTENCY_CONFLICT"
    status = 422
    title = "幂等键已用于其他内容"
    title_en = "Idempotency-Key used for another body"
    detail = "这个编号已用于另一个请求。请换一个新的 Idempotency-Key。"
    detail_en = "This key belongs to another request. Use a new Idempotency-Key."


class InFlight(Refusal):
    """The first request with this key is still under way."""

    code = "IN_FLIGHT"
    status = 409
    title = "同一请求正在处理"
    title_en = "In flight"
    detail = "同一请求正在处理，请稍后用同一编号重试，会得到同样的结果。"
    detail_en = "The same request is still under way. Retry with the same key; the answer will be the same."
    retryable = True


class Unauthenticated(Refusal):
    """No token, or one that is not ours."""

    code = "UNAUTHENTICATED"
    status = 401
    title = "请先登录"
    title_en = "Not signed in"
    detail = "请先登录，并在请求头 Authorization 中带上 Bearer 令牌。"
    detail_en = "Sign in and send the access token as 'Authorization: Bearer …'."


class SessionExpired(Refusal):
    """The access token is genuine and too old."""

    code = "SESSION_EXPIRED"
    status = 401
    title = "登录已过期"
    title_en = "Access token expired"
    detail = "登录已过期，请刷新令牌或重新登录。"
    detail_en = "The access token has expired. Refresh it, or sign in again."


class MethodNotAllowed(Refusal):
    """The path exists and does not take this method."""

    code = "METHOD_NOT_ALLOWED"
    status = 405
    title = "不支持这种请求方式"
    title_en = "Method not allowed"
    detail = "此地址不支持这种请求方式，请查看接口文档。"
    detail_en = "This address does not take that method. See the API documentation."


class PreconditionFailed(Refusal):
    """``If-Match`` names a version that is no longer current."""

    code = "PRECONDITION_FAILED"
    status = 412
    title = "内容已被他人修改"
    title_en = "Precondition failed"
    detail = "内容已被他人修改，请刷新后再改。"
    detail_en = "Somebody changed it meanwhile. Load it again and repeat your change."


class BodyTooLarge(Refusal):
    """The body is larger than this route takes (1 MiB for JSON)."""

    code = "BODY_TOO_LARGE"
    status = 413
    title = "内容过大"
    title_en = "Body too large"
    detail = "提交的内容过大，请减少后再试。"
    detail_en = "The body is too large. Send less at a time."


class UnsupportedMediaType(Refusal):
    """The body is not declared as JSON."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    status = 415
    title = "内容类型不支持"
    title_en = "Unsupported media type"
    detail = "请以 Content-Type: application/json 提交。"
    detail_en = "Send the body as Content-Type: application/json."


class RateLimited(Refusal):
    """Too many requests from one person or address; ``Retry-After`` says when to come back (seconds)."""

    code = "RATE_LIMITED"
    status = 429
    title = "操作过于频繁"
    title_en = "Too many requests"
    detail = "操作过于频繁，请稍候再试。"
    detail_en = "Too many requests. Wait as long as Retry-After says."
    retryable = True


class InternalFault(Refusal):
    """A fault of ours; it is logged under the request id."""

    code = "INTERNAL"
    status = 500
    title = "系统出错"
    title_en = "Internal fault"
    detail = "系统出错，我们已记录。请稍后重试；如仍有问题，请把 request_id 告诉管理员。"
    detail_en = "Something broke on our side and was logged. Try again later, or give the request_id to the operator."
