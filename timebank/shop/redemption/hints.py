"""What a clerk is told beside a code that was looked up: sentences, none of which refuses anything.

Whatever else there is to say about somebody at a shop (limits, quotas, proxies) is one more function in ``HINTS``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from timebank import clock
from timebank.shop.models import Redemption


@dataclass(frozen=True, slots=True)
class AtCounter:
    """Somebody at the counter: who, at which shop (None: the clerk works at several), and what else is held there."""

    person_id: UUID
    site_id: UUID | None
    held: Sequence[Redemption]
    now: datetime


def also_held(at: AtCounter) -> list[str]:
    """Return that more is held for them here, and until when the first of it."""
    if not at.held:
        return []
    first = min(one.expires_at for one in at.held).astimezone(clock.SHANGHAI)
    chinese = f"在本公益仓还有 {len(at.held)} 张兑换单没有提，最早的留到 {first:%m-%d %H:%M}。"
    return [f"{chinese} {len(at.held)} more are held here, the first until {first:%m-%d %H:%M} (Beijing time)."]


HINTS: tuple[Callable[[AtCounter], list[str]], ...] = (also_held,)


def hints(at: AtCounter) -> list[str]:
    """Return everything that there is to say."""
    return [sentence for hint in HINTS for sentence in hint(at)]
