"""``timebank policies …``: load what a city has ruled."""

from datetime import datetime

import click
from sqlalchemy import select

from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.identity import audit
from timebank.identity.audit import AT_THE_TERMINAL
from timebank.organisations.models import Area
from timebank.policies import profiles
from timebank.policies.profiles import Loaded, Profile


@click.group()
def cli() -> None:
    """规则 · policies."""


@cli.command("profiles")
def show() -> None:
    """列出各地规则 · list the profiles and their values."""
    for profile in profiles.profiles().values():
        click.echo(f"{profile.name}  {profile.title}\n  {profile.source}")
        for key, value in profile.values.items():
            click.echo(f"  {key} = {value}")


@cli.command("load")
@click.argument("name", type=click.Choice(list(profiles.profiles())))
@click.option(
    "--effective-on", type=click.DateTime(["%Y-%m-%d"]), help="生效日，默认今天 · the first day, default today"
)
@click.option("--area", default="", help="只对这个区域及下级，默认全行 · an area path; default the whole bank")
def load(*, name: str, effective_on: datetime | None, area: str) -> None:
    """载入一地的规则；再次载入不变 · set a city's values from a day on; again it changes nothing."""
    profile = profiles.profiles()[name]
    loaded = in_unit_of_work(lambda: _load(profile, effective_on, area))
    for key in loaded.changed:
        click.echo(f"{key} = {profile.values[key]}")
    for key in loaded.bank_wide:
        click.echo(f"{key}: 只能全行统一设定，未载入 · for the whole bank only, left out")
    click.echo(f"changed={len(loaded.changed)}")


def _load(profile: Profile, effective_on: datetime | None, path: str) -> Loaded:
    area_id = session.scalar(select(Area.id).where(Area.path == path)) if path else None
    if path and area_id is None:
        raise click.UsageError("没有这个编码的区域 · there is no area with this path")
    day = effective_on.date() if effective_on else clock.day_of(clock.now())
    loaded = profiles.load(profile=profile, actor=AT_THE_TERMINAL, effective_on=day, area_id=area_id)
    for key in loaded.changed:
        audit.note(actor=AT_THE_TERMINAL, verb=audit.Verb.CHANGE, kind="policy", target=key, reason=profile.name)
    return loaded
