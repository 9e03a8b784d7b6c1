"""The page behind the QR code: large letters, one answer, no script, nothing from elsewhere."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import date
from html import escape
from typing import Any

from timebank.certificates.rules import Status

_STYLE = (
    "body{font:1.25rem/1.7 sans-serif;max-width:32rem;margin:0 auto;padding:1.5rem;color:#111;background:#fff}"
    "h1{font-size:1.4rem}.answer{font-size:1.7rem;font-weight:bold;border:3px solid;border-radius:.6rem;padding:.8rem 1rem}"
    ".valid{color:#0b5d1e}.superseded{color:#7a4a00}.revoked,.unknown{color:#9b1c1c}"
    "dt{color:#555;font-size:1rem}dd{margin:0 0 .7rem;font-weight:bold}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-ancestors 'none'"
"""Only this very style; no script, no picture, no frame."""

_SAID = {
    Status.VALID: ("✓ 有效", "这份证明真实有效。"),
    Status.SUPERSEDED: ("！已被更正", "证明中的服务记录后来有更正，纸上的内容不再准确。请持有人重新出具一份。"),
    Status.REVOKED: ("✗ 已撤销", "出具单位已撤销这份证明，不再有效。"),
}


def found(verified: Mapping[str, Any]) -> str:
    """Return the page about a certificate."""
    issued_on: date = verified["issued_on"]
    facts = (
        ("姓名", verified["holder_name"] or "（持有人已注销）"),
        ("服务时长", f"{verified['hours']} 小时"),
        ("出具单位", verified["organisation_name"]),
        ("出具日期", f"{issued_on.year} 年 {issued_on.month} 月 {issued_on.day} 日"),
    )
    told = "".join(f"<dt>{title}</dt><dd>{escape(value)}</dd>" for title, value in facts)
    answer, meaning = _SAID[verified["status"]]
    return _whole(
        verified["status"], answer, meaning, f"<dl>{told}</dl><p>请与纸质证明核对：有一项不同，就不是同一份。</p>"
    )


def unknown() -> str:
    """Return the page that says that there is no such certificate."""
    return _whole("unknown", "✗ 查无此证明", "没有这个编号的证明。请核对编号；扫码打开的，纸上的证明可能是伪造的。", "")


def _whole(kind: str, answer: str, meaning: str, rest: str) -> str:
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>志愿服务记录证明核验</title><style>{_STYLE}</style></head><body><h1>志愿服务记录证明核验</h1>"
        f'<p class="answer {kind}" role="status">{answer}</p><p>{meaning}</p>{rest}</body></html>\n'
    )
