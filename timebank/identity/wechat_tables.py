"""Table of WeChat's token."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from timebank.database import Base


class WechatToken(Base):
    """WeChat's access token, one for all processes: each call of its own would end what the others hold.

    Good for two hours at most. Whoever renews it holds it until ``renewing_until``; all instants are wall time.
    """

    __tablename__ = "wechat_token"

    app_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str | None] = mapped_column(String(1_024))
    expires_at: Mapped[datetime | None]
    renewing_until: Mapped[datetime | None]
    forced_at: Mapped[datetime | None]
