"""The page that an old person opens from the code on paper: five large answers, no script, nothing from elsewhere."""

import base64
import hashlib
from datetime import date
from html import escape
from typing import Any

from timebank.evaluations.schemas import MAX_WORDS_ON_PAPER

_STYLE = (
    "body{font:1.35rem/1.7 sans-serif;max-width:32rem;margin:0 auto;padding:1.2rem;color:#111;background:#fff}"
    "h1{font-size:1.6rem;margin:0}fieldset{border:0;padding:0;margin:1rem 0}legend{font-weight:bold}"
    ".choice{display:block;border:2px solid #666;border-radius:.6rem;padding:.6rem .8rem;margin:.6rem 0}"
    "input{width:1.5rem;height:1.5rem;vertical-align:-.25rem;margin-right:.6rem}"
    "textarea{font:inherit;width:100%;box-sizing:border-box;border:2px solid #666;border-radius:.6rem;padding:.6rem}"
    "button{font:inherit;font-weight:bold;width:100%;margin:1rem 0;padding:.8rem;border:0;border-radius:.6rem;"
    "color:#fff;background:#0b5d1e}.about{overflow-wrap:anywhere}.note{color:#555;font-size:1.1rem}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; frame-ancestors 'none'"
"""Only this very style, and a form that goes nowhere else; no script, no picture, no frame."""

_CHOICES = ((5, "很满意"), (4, "满意"), (3, "一般"), (2, "不满意"), (1, "很不满意"))


def asking(invited: dict[str, Any], *, code: str) -> str:
    """Return the page that asks how a service was, of what ``GET`` tells about its invitation."""
    day: date = invited["served_on"]
    about = "<br>".join(
        escape(text)
        for text in (
            f"志愿者：{invited['volunteer_name']}",
            f"活动：{invited['activity_name']}",
            f"日期：{day.year} 年 {day.month} 月 {day.day} 日",
            f"组织：{invited['organisation_name']}",
        )
    )
    choices = "".join(
        f'<label class="choice"><input type="radio" name="score" value="{score}" required>{said}</label>'
        for score, said in _CHOICES
    )
    return _page(
        "请评价这次服务",
        f'<p class="about">{about}</p><form method="post" action="{escape(code)}/form">'
        f"<fieldset><legend>您觉得怎么样？</legend>{choices}</fieldset>"
        '<label for="words">想说的话（可以不填）</label>'
        f'<textarea id="words" name="words" rows="4" maxlength="{MAX_WORDS_ON_PAPER}"></textarea>'
        '<button type="submit">提交评价</button></form><p class="note">不用登录，不记您的姓名，只能评价一次。</p>',
    )


def told(title: str, detail: str) -> str:
    """Return a page that says one thing: why nothing can be answered."""
    return _page(title, f"<p>{escape(detail)}</p>")


def answered() -> str:
    """Return the page after the button, and of everybody who comes again."""
    return told("谢谢您", "您的评价已经收到。每份邀请只能评价一次。")


def unknown() -> str:
    """Return the page that says that there is no such invitation."""
    return told("没有这份邀请", "地址不对。请重新扫一次二维码，或请志愿服务组织再给一份。")


def _page(title: str, content: str) -> str:
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>{content}</body></html>\n"
    )
