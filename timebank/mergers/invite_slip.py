"""The slip of paper with an invite: large letters, what to do, until when."""

from datetime import datetime

from timebank.clock import SHANGHAI
from timebank.documents.pdf_file import Align, Pages
from timebank.documents.typefaces import Typeface

PAGE_CENTRE = 105.0
"""Millimetres: the middle of A4."""


def invite_pdf(*, display_name: str, code: str, expires_at: datetime, face: Typeface) -> bytes:
    """Return the slip as a page of A4. Raises GlyphMissing."""
    pages = Pages(title="绑定邀请码", face=face)
    until = expires_at.astimezone(SHANGHAI)
    pages.text("绑定邀请码", left=PAGE_CENTRE, top=25, size=30, align=Align.CENTRE)
    pages.text(display_name, left=PAGE_CENTRE, top=45, size=24, align=Align.CENTRE)
    pages.text(f"{code[:5]} {code[5:]}", left=PAGE_CENTRE, top=65, size=44, align=Align.CENTRE)
    pages.paragraph(
        "打开小程序，点“我已是志愿者”，输入上面的邀请码，就能看到您自己的时间币和服务记录。\n"
        "只能用一次，请不要给别人看。"
        f"\n{until.month} 月 {until.day} 日 {until:%H:%M} 前有效；过期请向工作人员再要一个。",
        left=25,
        top=95,
        width=160,
        size=18,
    )
    return pages.finished()
