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
    SEAL_CHAIN = "seal_chain"
    SEAL_HASH = "seal_hash"
    SEAL_LEAVES = "seal_leaves"
    SEAL_COUNTS = "seal_counts"
    SEAL_HEAD = "seal_head"
    ANCHOR = "anchor"
    TRANSFER_REVERSES = "transfer_reverses"
    TRANSFER_REFUNDS = "transfer_refunds"
    TRANSFER_MERGES = "transfer_merges"
    TRANSFER_EXPIRES = "transfer_expires"
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
    Fault.SEAL_CHAIN: "封存链断开 · a seal is missing, or does not follow from the one before",
    Fault.SEAL_HASH: "封存内容被改动 · the seal's hash does not match: something in it was changed",
    Fault.SEAL_LEAVES: "封存与其叶子不符 · leaves are missing or too many, or do not lead to the seal's root",
    Fault.SEAL_COUNTS: "封存的数目不符或变少 · the seal counts other than what it covers, or less than the one before",
    Fault.SEAL_HEAD: "封存过的账目缺失或被改动 · a sealed line is missing from its account or was changed",
    Fault.ANCHOR: "与公布的封存不符 · a published seal is not in this ledger: it was removed, or this is an old copy",
    Fault.TRANSFER_REVERSES: "冲正与原记账不符 · the reversal does not fit what it reverses",
    Fault.TRANSFER_REFUNDS: "退回与原兑换不符或超额 · the refund does not fit its redemption, or refunds exceed it",
    Fault.TRANSFER_MERGES: "合并后账户未关闭 · an account that was merged into another is not closed",
    Fault.TRANSFER_EXPIRES: "到期扣减超出应到期时长 · the expiry took more than was due by its cut-off",
    Fault.DEBT_PARTS: "欠账与抵扣不成对 · a debt, its reversal or its settlement lacks its counterpart",
    Fault.DEBT_UNSETTLED: "有欠账而未先抵扣 · minutes stayed or left although a debt was to be paid first",
    Fault.SUM: "总额不为零 · tracked and untracked balances do not add up to zero",
    Fault.UNREADABLE: "内容无法读取 · a row holds what no posting ever wrote",
}


NOT_CHECKED = (
    "! 只核对第 {n} 次封存以后：此前的账目和转账未重算，只核对了封存的链尾"
    " · only what came after seal {n}: earlier entries and transfers were not recomputed, only their sealed ends were"
)


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
    believed_minutes: int = 0
    """What was in tracked accounts at the seal that is believed."""
    seals: int = 0
    last_seal: str | None = None
    since_seal: int | None = None
    unsealed_entries: int = 0
    anchors: int = 0
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
        sealed = f"最后 last {self.last_seal}" if self.last_seal else "尚无 none"
        lines.append(f"封存 seals {self.seals} · {sealed} · 未封存账目 entries not sealed yet {self.unsealed_entries}")
        if self.anchors:
            lines.append(f"公布的封存 published seals compared {self.anchors}")
        if self.since_seal is not None:
            lines.append(NOT_CHECKED.format(n=self.since_seal))
        for fault, finding in self.findings.items():
            more = f" (+{finding.count - 1})" if finding.count > 1 else ""
            lines.append(f"✗ {fault}: {EXPLAINED[fault]}: {finding.row}{more}")
        lines.append(
            "✓ 账目一致 · the ledger is consistent" if self.ok else "✗ 账目不一致 · the ledger is NOT consistent"
        )
        return "\n".join(lines)

    def body(self) -> dict[str, Any]:
        """Return the report for a program."""
        return {
            "ok": self.ok,
            "accounts": self.accounts,
            "transfers": self.transfers,
            "entries": self.entries,
            "tracked_minutes": self.tracked_minutes,
            "untracked_minutes": self.untracked_minutes,
            "seals": self.seals,
            "last_seal": self.last_seal,
            "since_seal": self.since_seal,
            "unsealed_entries": self.unsealed_entries,
            "anchors": self.anchors,
            "findings": [
                {"fault": str(fault), "row": finding.row, "count": finding.count}
                for fault, finding in self.findings.items()
            ],
        }

    def json(self) -> str:
        """Return the report as JSON."""
        return json.dumps(self.body())
