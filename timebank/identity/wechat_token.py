"""WeChat's access token, one for all processes: it lives in the database, and one of them renews it at a time.

Whoever finds it old takes a short lease, asks WeChat outside any transaction, and stores the answer if the lease is still
theirs. Meanwhile the others use the old token while it is good, or wait for the new one.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import or_, update
from sqlalchemy.dialects import postgresql, sqlite

from timebank import clock
from timebank.database import in_unit_of_work, is_sqlite, session
from timebank.identity.errors import WechatUnavailable
from timebank.identity.wechat import TokenRefused, WechatClient
from timebank.identity.wechat_tables import WechatToken

T = TypeVar("T")

RENEWED_BEFORE = timedelta(minutes=5)
"""WeChat renews so long ahead, and lets the old token live on for as long."""
LEASE = timedelta(seconds=20)
"""Longer than two calls may take."""
FORCED_APART = timedelta(minutes=75)
"""WeChat lets a token be replaced by force 20 times a day."""
PATIENCE = 250
PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Known:
    """The stored token, and until when it is good."""

    value: str | None = field(repr=False)
    expires_at: datetime | None
    forced_at: datetime | None

    def lasts(self, margin: timedelta = timedelta(0)) -> bool:
        """Whether it is good now, and for ``margin`` longer."""
        return self.value is not None and self.expires_at is not None and clock.wall() + margin < self.expires_at


NOTHING = Known(None, None, None)


class SharedToken:
    """The access token of one mini-program, as all processes share it. Needs an application context, no transaction."""

    def __init__(self, client: WechatClient, app_id: str) -> None:
        self._client = client
        self._app_id = app_id

    def current(self) -> str:
        """Return a token that is good now. Raises WechatUnavailable or WechatTooOften when none can be had."""
        for _ in range(PATIENCE):
            known = self._known()
            if known.value is not None and known.lasts(RENEWED_BEFORE):
                return known.value
            if renewed := self._renewed(known, force=False):
                return renewed
            if known.value is not None and known.lasts():
                return known.value
            time.sleep(PAUSE_SECONDS)
        raise WechatUnavailable

    def instead_of(self, refused: str) -> str:
        """Return another token than one that WeChat has just refused; one process asks for it. Raises as ``current``.

        By force, unless it was forced a little while ago: then WeChat has to say which one is good.
        """
        for _ in range(PATIENCE):
            known = self._known()
            if known.value is not None and known.value != refused and known.lasts():
                return known.value
            force = known.forced_at is None or clock.wall() - known.forced_at >= FORCED_APART
            if renewed := self._renewed(known, force=force):
                return renewed
            time.sleep(PAUSE_SECONDS)
        raise WechatUnavailable

    def used(self, call: Callable[[str], T]) -> T:
        """Return what ``call`` answers with a token; with another one, once, if WeChat refuses the first.

        Raises what ``call`` raises, and as ``current``.
        """
        token = self.current()
        try:
            return call(token)
        except TokenRefused:
            token = self.instead_of(token)
        try:
            return call(token)
        except TokenRefused:
            raise WechatUnavailable from None

    def _known(self) -> Known:
        row = in_unit_of_work(
            lambda: session.get(WechatToken, self._app_id, populate_existing=True),
            write=False,
        )
        return Known(row.value, row.expires_at, row.forced_at) if row else NOTHING

    def _renewed(self, known: Known, *, force: bool) -> str | None:
        """Renew the token; None if somebody else is about to, or has."""
        asked_at = clock.wall()
        until = asked_at + LEASE
        if not in_unit_of_work(lambda: self._leased(known, until)):
            return None
        try:
            token = self._client.access_token(force=force)
        except BaseException:
            in_unit_of_work(lambda: self._end_lease(until, {}))
            raise
        values: dict[str, Any] = {"value": token.value, "expires_at": asked_at + timedelta(seconds=token.seconds)}
        if force:
            values["forced_at"] = asked_at
        return token.value if in_unit_of_work(lambda: self._end_lease(until, values)) else None

    def _leased(self, known: Known, until: datetime) -> bool:
        """Take the lease, if the token is still the one that was looked at and nobody else holds it."""
        dialect: Any = sqlite if is_sqlite() else postgresql
        session.execute(dialect.insert(WechatToken).values(app_id=self._app_id).on_conflict_do_nothing())
        taken = session.execute(
            update(WechatToken)
            .where(
                WechatToken.app_id == self._app_id,
                WechatToken.value.is_not_distinct_from(known.value),
                or_(WechatToken.renewing_until.is_(None), WechatToken.renewing_until <= clock.wall()),
            )
            .values(renewing_until=until)
            .execution_options(synchronize_session=False)
        )
        return bool(getattr(taken, "rowcount", 0))

    def _end_lease(self, until: datetime, values: dict[str, Any]) -> bool:
        """End the lease and store what came of it; False if the lease has passed to somebody else."""
        ended = session.execute(
            update(WechatToken)
            .where(WechatToken.app_id == self._app_id, WechatToken.renewing_until == until)
            .values(renewing_until=None, **values)
            .execution_options(synchronize_session=False)
        )
        return bool(getattr(ended, "rowcount", 0))
