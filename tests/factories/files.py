"""Pictures and other files, made in memory; and an owner of files that shows them to one person."""

import io
import struct
import zipfile
import zlib
from typing import Any
from uuid import UUID

from PIL import Image

from timebank.database import in_unit_of_work, new_id
from timebank.files import service
from timebank.files.endpoints import store
from timebank.files.models import StoredFile
from timebank.files.pictures import admitted
from timebank.files.rules import EVIDENCE, Use
from timebank.identity.rules import Actor

PDF = b"%PDF-1.4\n1 0 obj << /Type /Catalog >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
FRIENDS: dict[UUID, UUID] = {}
"""Who may see the files of an owner of the kind ``album``."""


@service.owner("album", takes=EVIDENCE)
def _is_friend(actor: Actor, owner_id: UUID) -> bool:
    return FRIENDS.get(owner_id) == actor.person_id


def a_picture(form: str = "JPEG", *, size: tuple[int, int] = (40, 20), colour: Any = "red", **more: Any) -> bytes:
    """Return a picture as a file; ``more`` goes to its writer."""
    made = io.BytesIO()
    Image.new("RGB", size, colour).save(made, form, **more)
    return made.getvalue()


def a_png_that_says(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes whose header claims that size."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


def a_progressive_picture(*, scans: int) -> bytes:
    """Return a grey JPEG of 64 by 64 pixels that goes over them so many times."""

    def segment(marker: int, body: bytes) -> bytes:
        return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body

    def one_code(table: int, symbol: int) -> bytes:
        return segment(0xC4, bytes([table, 1, *[0] * 15, symbol]))

    first = segment(0xDA, bytes([1, 1, 0, 0, 0, 0])) + b"\0" * 8  # 64 blocks, each as the one before
    again = segment(0xDA, bytes([1, 1, 0, 1, 63, 0])) + b"\1"  # a run of 64 blocks in which nothing changes
    return b"".join(
        (
            b"\xff\xd8",
            segment(0xDB, b"\0" + b"\1" * 64),
            segment(0xC2, struct.pack(">BHHBBBB", 8, 64, 64, 1, 1, 0x11, 0)),
            one_code(0x00, 0x00),
            one_code(0x10, 0x60),
            first,
            again * (scans - 1),
            b"\xff\xd9",
        )
    )


def an_archive() -> bytes:
    """Return a small ZIP file, to be hung on to something else."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("evil.html", "<script>alert(1)</script>")
    return made.getvalue()


def a_file(sender: Actor, data: bytes | None = None, *, use: Use = Use.EVIDENCE) -> StoredFile:
    """Have somebody send a file, a picture of its own if none is given."""
    colour = (new_id().int % 256, new_id().int % 251, new_id().int % 241)
    content = admitted(data or a_picture(colour=colour), declared="", use=use)
    store().keep(content.data)
    return in_unit_of_work(lambda: service.keep(actor_id=sender.person_id, content=content, store=store()))
