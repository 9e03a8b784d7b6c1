"""What a verification has found, for people and for programs."""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Fault(StrEnum):
    """What can be wrong with a ledger; each is reported with the first row that has it."""

    ENTRY_ACCOUNT = "entry_account"
    ENTRY_SEQ = "entry_seq"
    ENTRY_TRANSFER = "entry_transfer"
    ENTRY_EFFECT = "entry_effect"
    ENTRY_RUNNING = "entry_running"
    ENTRY_FLOOR = "entry_floor"
    ENTRY_TIME = "entry_time"
    ENTRY_HASH = "entry_hash"
    ACCOUNT_IDENTITY = "account_identity"
    ACCOUNT_EMPTY = "account_empty"
    ACCOUNT_CLOSING = "account_closing"
    ACCOUNT_HOLDS = "account_holds"
    ACCOUNT_MISSING = "account_missing"
    TRANSFER_ROUTE = "transfer_route"
    TRANSFER_ENTRIES = "transfer_entries"
    TRANSFER_RESOLVES = "transfer_resolves"
    TRANSFER_REVERSES = "transfer_reverses"
    TRANSFER_REFUNDS = "transfer_refunds"
    TRANSFER_MERGES = "transfer_merges"
    DEBT_PARTS = "debt_parts"
    DEBT_UNSETTLED = "debt_unsettled"
    SUM = "sum"
    UNREADABLE = "unreadable"


EXPLAINED = {
    Fault.ENTRY_ACCOUNT: "账目所属账户不存在或不应有账目 · entry of an account that is missing or has no entries",
    Fault.ENTRY_SEQ: "账目序号不连续 · an entry is missing before this one",
    Fault.ENTRY_TRANSFER: "账目缺少对应的转账 · the entry's transfer is missing",
    Fault.ENTRY_EFFECT: "账目与转账不符 · the entry does not say what its transfer says",
    Fault.ENTRY_RUNNING: "余额推算不符 · balance or held do not follow from the entry before",
    Fault.ENTRY_FLOOR: "余额低于冻结或零 · held below zero, or balance below held",
    Fault.ENTRY_TIME: "记账时间不符 · recorded before the entry before it, or not when its transfer was",
    Fault.ENTRY_HASH: "哈希不符，内容被改动 · the hash does not match: something was changed",
    Fault.ACCOUNT_IDENTITY: "账户信息被改动 · the account is not what its id says",
    Fault.ACCOUNT_EMPTY: "账户没有账目 · the account has lost all its entries",
    Fault.ACCOUNT_CLOSING: "账户关闭与账目不符 · closed without a closing entry, or the other way round",
    Fault.ACCOUNT_HOLDS: "冻结与未结预留不符 · held is not the sum of open holds, or an open hold is overdue",
    Fault.ACCOUNT_MISSING: "系统账户缺失 · a system account is missing",
    Fault.TRANSFER_ROUTE: "转账的账户或类别不合规则 · kind and accounts of the transfer do not go together",
    Fault.TRANSFER_ENTRIES: "转账的账目缺失或多余 · entries of the transfer are missing or too many",
    Fault.TRANSFER_RESOLVES: "领取或释放与预留不符 · the transfer does not fit the hold that it resolves",
    Fault.TRANSFER_REVERSES: "冲正与原记账不符 · the reversal does not fit what it reverses",
    Fault.TRANSFER_REFUNDS: "退回与原兑换不符或超额 · the refund does not fit its redemption, or refunds exceed it",
    Fault.TRANSFER_MERGES: "合并后账户未关闭 · an account that was merged into another is not closed",
    Fault.DEBT_PARTS: "欠账与抵扣不成对 · a debt, its reversal or its settlement lacks its counterpart",
    Fault.DEBT_UNSETTLED: "有欠账而未先抵扣 · minutes stayed or left although a debt was to be paid first",
    Fault.SUM: "总额不为零 · tracked and untracked balances do not add up to zero",
    Fault.UNREADABLE: "内容无法读取 · a row holds what no posting ever wrote",
}


@dataclass(slots=True)
class Finding:
    """The first row that has a fault, and how many have it."""

    row: str
    count: int = 1


@dataclass(slots=True)
class Report:
    """How much was looked at, and what is wrong."""

    accounts: int = 0
    entries: int = 0
    transfers: int = 0
    tracked_minutes: int = 0
    untracked_minutes: int = 0
    findings: dict[Fault, Finding] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def found(self, fault: Fault, row: str) -> None:
        """Note a fault of a row."""
        if fault in self.findings:
            self.findings[fault].count += 1
        else:
            self.findings[fault] = Finding(row)

    def text(self) -> str:
        """Return the report for a terminal, Chinese and English."""
        seen = f"账户 accounts {self.accounts} · 转账 transfers {self.transfers} · 账目 entries {self.entries}"
        lines = [f"{seen} · 在账分钟 minutes {self.tracked_minutes}"]
        for fault, finding in self.findings.items():
            more = f" (+{finding.count - 1})" if finding.count > 1 else ""
            lines.append(f"✗ {fault}: {EXPLAINED[fault]}: {finding.row}{more}")
        lines.append(
            "✓ 账目一致 · the ledger is consistent" if self.ok else "✗ 账目不一致 · the ledger is NOT consistent"
        )
        return "\n".join(lines)

    def json(self) -> str:
        """Return the report as JSON."""
        body: dict[str, Any] = {
            "ok": self.ok,
            "accounts": self.accounts,
            "transfers": self.transfers,
            "entries": self.entries,
            "tracked_minutes": self.tracked_minutes,
            "untracked_minutes": self.untracked_minutes,
            "findings": [
                {"fault": str(fault), "row": finding.row, "count": finding.count}
                for fault, finding in self.findings.items()
            ],
        }
        return json.dumps(body)
