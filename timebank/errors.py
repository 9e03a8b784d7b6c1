"""What the product refuses, and how a refusal explains itself.

A refusal is no fault of the program. It has a stable code, an HTTP status, a Chinese title, a Chinese sentence that
says what to do next, the same in English, and the numbers behind it.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, ClassVar

from timebank.clock import SHANGHAI

_UNKNOWN = "—"


class Refusal(Exception):
    """A request that is understood and not granted; nothing has changed.

    Subclasses set the class attributes. ``detail`` and ``detail_en`` are format strings over the context, so that
    ``InsufficientMinutes(needed_minutes=90, available_minutes=30)`` names both numbers. An instant, whose name ends with
    ``_at``, stands in the sentence as the clock on the wall shows it, Asia/Shanghai. The context goes to the caller: never
    put personal data into it.
    """

    code: ClassVar[str]
    status: ClassVar[int]
    title: ClassVar[str]
    title_en: ClassVar[str]
    detail: ClassVar[str]
    detail_en: ClassVar[str]
    retryable: ClassVar[bool] = False
    constraints: ClassVar[tuple[str, ...]] = ()
    """Names of database constraints whose violation is this refusal: what a lost race turns into."""

    def __init__(self, *, errors: list[dict[str, str]] | None = None, **context: Any) -> None:
        super().__init__(self.code)
        self.context = context
        self.errors = errors or []
        self.traces: list[Callable[[], None]] = []

    def explain(self, *, english: bool = False) -> tuple[str, str]:
        """Return title and detail, with the context's numbers and instants filled in."""
        title, detail = (self.title_en, self.detail_en) if english else (self.title, self.detail)
        return title, detail.format_map(_Numbers({name: _shown(name, value) for name, value in self.context.items()}))

    def leaves_trace(self, write: Callable[[], None]) -> None:
        """Have ``write`` run in a unit of work of its own after the roll-back (a refused scan, a failed sign-in)."""
        self.traces.append(write)


class _Numbers(dict[str, Any]):
    """Context of a detail text; a number that the raiser did not know shows as a dash, not as a crash."""

    def __missing__(self, key: str) -> str:
        return _UNKNOWN


def _shown(name: str, value: Any) -> Any:
    """Return what a sentence says of a value: nobody at a counter reads ``2026-11-22T17:26:05Z`` as half past one at night."""
    if value is None:
        return _UNKNOWN
    if not name.endswith("_at"):
        return value
    instant = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def catalogue() -> Iterator[type[Refusal]]:
    """Yield every concrete refusal once, sorted by code: the source of api_spec/problems.md."""
    found: dict[str, type[Refusal]] = {}
    pending = list(Refusal.__subclasses__())
    while pending:
        kind = pending.pop()
        pending.extend(kind.__subclasses__())
        if "code" in vars(kind):
            found[kind.code] = kind
    yield from (found[code] for code in sorted(found))


def refusal_for(constraint: str) -> type[Refusal] | None:
    """Return the refusal that a violated database constraint stands for, or None if nobody claims it."""
    return next((kind for kind in catalogue() if constraint in kind.constraints), None)


class NotFound(Refusal):
    """What is asked for does not exist, or lies outside the caller's scope: both look the same from outside."""

    code = "NOT_FOUND"
    status = 404
    title = "没有找到"
    title_en = "Not found"
    detail = "没有这一项，或它不在您的管理范围内。请核对编号。"
    detail_en = "There is no such thing, or it lies outside your scope. Check the id."


class Forbidden(Refusal):
    """The caller is known and has no role that allows this."""

    code = "FORBIDDEN"
    status = 403
    title = "没有权限"
    title_en = "Forbidden"
    detail = "您的角色不能做这件事。请联系管理员授权。"
    detail_en = "None of your roles allows this. Ask an administrator."


class Invalid(Refusal):
    """The body or query is well-formed but a value does not make sense; ``errors`` says which and why."""

    code = "INVALID"
    status = 422
    title = "内容有误"
    title_en = "Invalid content"
    detail = "提交的内容有误，请按提示改正后再试。"
    detail_en = "Some values are not acceptable. Correct them as listed and try again."


class Busy(Refusal):
    """The database could not be had in time; nothing has changed and the same request may be sent again."""

    code = "BUSY"
    status = 503
    title = "系统繁忙"
    title_en = "Busy"
    detail = "系统正忙，请稍后用同样的内容再试一次。"
    detail_en = "The system is busy. Send the same request again in a moment."
    retryable = True


class StorageFull(Refusal):
    """The disk is full, of files or of the database; nothing has been kept."""

    code = "STORAGE_FULL"
    status = 507
    title = "存储空间不足"
    title_en = "Storage full"
    detail = "服务器存储空间不足，这次提交没有保存。请联系管理员，稍后用同样的内容再试。"
    detail_en = "The server's disk is full and nothing was kept. Tell the operator, and send the same again later."
    retryable = True


class Conflict(Refusal):
    """Somebody else changed the same thing first, and no more precise refusal claims the constraint."""

    code = "CONFLICT"
    status = 409
    title = "与现有数据冲突"
    title_en = "Conflict"
    detail = "这项操作与已有的数据冲突。请刷新后再试。"
    detail_en = "This clashes with what is already there. Refresh and try again."
