"""``timebank certificates …``: what operators do with certificates from a terminal."""

import sys
from functools import partial

import click

from timebank.certificates import audit
from timebank.database import in_unit_of_work


@click.group()
def cli() -> None:
    """志愿服务记录证明 · certificates."""


@cli.command("audit")
def run_audit() -> None:
    """核对每份证明的校验值和编号是否连续 · recompute every hash and look for gaps; exit 1 if anything is wrong."""
    looked_at = erased = 0
    findings = in_unit_of_work(lambda: list(audit.gaps()), write=False)
    after = None
    while True:
        part = in_unit_of_work(partial(audit.hashes, after), write=False)
        looked_at, erased, after = looked_at + part.looked_at, erased + part.erased, part.last
        findings += part.findings
        if after is None:
            break
    counted = f"{looked_at} certificates, {erased} of them erased"
    click.echo("\n".join([f"FAILED: {counted}", *(f"  {one}" for one in findings)]) if findings else f"OK: {counted}")
    if findings:
        sys.exit(1)
