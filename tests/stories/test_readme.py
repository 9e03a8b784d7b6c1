"""The README's story, word for word, against a street that `timebank run` has just built."""

import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.servers import ROOT, environment_of
from timebank.settings import Settings

README = ROOT / "README.md"
START_SECONDS = 300


def _two_free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


@dataclass(frozen=True)
class Street:
    """A demo street that is being served: where, and the environment of its commands."""

    url: str
    environment: dict[str, str]

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the console script on the street's database."""
        return subprocess.run(
            [Path(sys.executable).parent / "timebank", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def street(_house: Any, settings: Settings, tmp_path: Path) -> Iterator[Street]:
    """A demo street served by `timebank run` from an empty database."""
    port, wechat_port = _two_free_ports()
    url = _house.databases.fresh("street")
    own = replace(
        settings,
        home=tmp_path / "home",
        database_url=url,
        owner_database_url=url,
        port=port,
        wechat_base_url=f"http://127.0.0.1:{wechat_port}",
    )
    log = tmp_path / "run.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [Path(sys.executable).parent / "timebank", "run"],
            env=environment_of(own),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(f"http://127.0.0.1:{port}/readyz", process, log)
        yield Street(f"http://127.0.0.1:{port}", environment_of(own))
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
        assert code == 0, f"ended with {code}: {log.read_text()}"
        _house.databases.drop("street")


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < give_up:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(address, trust_env=False).status_code == httpx.codes.OK:
                return
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def _story() -> str:
    blocks = re.findall(r"```bash\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 1, "the README has one story"
    story: str = blocks[0]
    return story


def test_the_story_takes_at_most_twelve_requests() -> None:
    """The README tells the day in at most twelve requests."""
    assert 6 <= _story().count("curl -sf") <= 12


def test_the_story_works_as_printed(street: Street) -> None:
    """Every line of the README's story runs as printed, says what the README says, and leaves honest books."""
    told = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", _story()],
        env={"TIMEBANK": street.url, "PATH": "/usr/bin:/bin:" + str(Path(sys.executable).parent)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert told.returncode == 0, told.stderr + told.stdout
    decoder = json.JSONDecoder()
    answers, rest = [], told.stdout.strip()
    while rest.startswith("{"):
        answer, end = decoder.raw_decode(rest)
        answers.append(answer)
        rest = rest[end:].lstrip()
    check_in, clock, check_out, hand_over = answers
    assert check_in["state"] == "open"
    assert "now" in clock
    assert check_out["record"]["state"] == "final"
    assert check_out["record"]["service_minutes"] == check_out["account"]["balance_minutes"] == 120
    assert hand_over["redemption"]["state"] == "handed_over"
    assert rest.startswith("\ufeff组织,")
    for proof in (["ledger", "verify"], ["shop", "audit"]):
        proved = street.command(*proof)
        assert proved.returncode == 0, proved.stdout + proved.stderr
    _assert_whole(street)


def _assert_whole(street: Street) -> None:
    """Check that the street is as large as it should be, and that settling again adds nothing."""
    with httpx.Client(base_url=f"{street.url}/api/v1", trust_env=False) as client:
        signed_in = client.post("/auth/wechat", json={"code": "demo:zhang"}).json()
        client.headers["Authorization"] = f"Bearer {signed_in['access_token']}"

        def size_of(address: str) -> int:
            return len(client.get(address).json()["items"])

        def sizes() -> dict[str, int]:
            levels = {f"level {level}": size_of(f"/areas?level={level}&limit=200") for level in (1, 2, 3, 4)}
            return levels | {what: size_of(f"/{what}?limit=200") for what in ("organisations", "sites", "goods")}

        expected = {
            "level 1": 1,
            "level 2": 2,
            "level 3": 6,
            "level 4": 24,
            "organisations": 5,
            "sites": 7,
            "goods": 30,
        }
        assert sizes() == expected
        assert client.get("/me/account").json()["balance_minutes"] > 0
        assert street.command("seed", "demo").returncode == 0
        open_now = size_of("/shifts?open=now")
        assert street.command("seed", "demo").returncode == 0
        assert sizes() == expected
        assert size_of("/shifts?open=now") == open_now
