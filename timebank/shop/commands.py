"""``timebank shop …``: what operators do with the shop from a terminal."""

import json
import sys
from dataclasses import asdict

import click

from timebank.database import in_unit_of_work
from timebank.shop.audit.whole import Report, audit


@click.group()
def cli() -> None:
    """公益仓 · the charity shop."""


@cli.command("audit")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON · print JSON")
def run_audit(*, as_json: bool) -> None:
    """核对库存、兑换单、小票与账本 · recompute stock, redemptions and receipts; exit 1 if anything is wrong."""
    report = in_unit_of_work(audit, write=False)
    click.echo(json.dumps(asdict(report), ensure_ascii=False) if as_json else _text(report))
    if report.findings:
        sys.exit(1)


def _text(report: Report) -> str:
    counted = f"{report.lots} lots, {report.moves} moves, {report.redemptions} redemptions, {report.receipts} receipts"
    if not report.findings:
        return f"OK: {counted}"
    bad = [f"  {finding.kind}: {finding.count}, first {finding.first}" for finding in report.findings]
    return "\n".join([f"FAILED: {counted}", *bad])
