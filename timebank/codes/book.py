"""Issue codes and read them back."""

from datetime import datetime, timedelta

from timebank.codes import signing
from timebank.codes.errors import TokenExpired, TokenFromFuture, TokenInvalid, TokenMalformed
from timebank.codes.layouts import (
    HEAD_LENGTH,
    LAYOUTS,
    LENGTHS,
    VERSION,
    Card,
    Code,
    Kind,
    Member,
    Pickup,
    Poster,
    Rotating,
    Timed,
    utc_text,
)
from timebank.codes.normalise import normalise
from timebank.codes.signing import MAC_LENGTH, Keys

ANY_KIND = tuple(Kind)
IN_TIME = timedelta(0)


class CodeBook:
    """Issues with the newest key and reads what either of the two live keys has signed."""

    def __init__(self, keys: Keys) -> None:
        """Take the keys, newest first; raise ValueError if there is none."""
        self._keys = tuple((signing.key_id(key), key) for key in signing.live(keys))

    def rotating(self, *, point: str, at: datetime) -> str:
        """Return what the screen of ``point`` shows at the instant ``at``."""
        return self.issue(Rotating.at(point, at))

    def poster(self, *, point: str, serial: int) -> str:
        """Return the poster of ``point``; a higher serial is a new poster."""
        return self.issue(Poster(point, serial))

    def member(self, *, member: str, at: datetime) -> str:
        """Return what the phone of ``member`` shows at the instant ``at``."""
        return self.issue(Member.at(member, at))

    def card(self, *, member: str, serial: int) -> str:
        """Return the printed card of ``member``; a higher serial is a new card."""
        return self.issue(Card(member, serial))

    def pickup(self, *, redemption: str) -> str:
        """Return the code that names a held redemption."""
        return self.issue(Pickup(redemption))

    def issue(self, code: Code) -> str:
        """Return the text of ``code``, signed with the newest key."""
        key_id, key = self._keys[0]
        signed = code.kind + VERSION + key_id + code.body()
        return signed + signing.mac(key, _label(code.kind), signed)

    def read(
        self, scanned: str, *, now: datetime, kinds: tuple[Kind, ...] = ANY_KIND, late: timedelta = IN_TIME
    ) -> Code:
        """Return the genuine and timely code in ``scanned``, which may be typed, full-width or a link.

        The step of a rotating or member code must be the current one or the one before. ``late`` is how long past that
        it is taken all the same; only batches of offline scans pass it, and they judge by ``starts_at``.

        Raises:
            TokenMalformed: Wrong length or alphabet.
            TokenInvalid: Not signed by a live key, of an unknown version, or of none of ``kinds``.
            TokenFromFuture: The step has not begun at ``now``.
            TokenExpired: The step is too old at ``now``.
        """
        text = normalise(scanned)
        if len(text) not in LENGTHS:
            raise TokenMalformed
        layout = LAYOUTS.get(text[0])
        if layout is None:
            raise TokenInvalid
        if len(text) != layout.length():
            raise TokenMalformed
        if layout.kind not in kinds or text[1] != VERSION or not self._signed(layout.kind, text):
            raise TokenInvalid
        code = layout.from_body(text[HEAD_LENGTH:-MAC_LENGTH])
        if isinstance(code, Timed):
            _refuse_untimely(code, now, late)
        return code

    def _signed(self, kind: Kind, text: str) -> bool:
        """Try every live key of that id: two keys share one in 1 of 32 rotations."""
        signed, given = text[:-MAC_LENGTH], text[-MAC_LENGTH:]
        return any(
            signing.matches(given, signing.mac(key, _label(kind), signed))
            for key_id, key in self._keys
            if key_id == text[2]
        )


def _label(kind: Kind) -> str:
    return f"timebank/code/{kind.name.lower()}"


def _refuse_untimely(code: Timed, now: datetime, late: timedelta) -> None:
    if now < code.starts_at:
        raise TokenFromFuture
    if now - code.taken_until >= late:
        raise TokenExpired(expired_at=utc_text(code.taken_until))
