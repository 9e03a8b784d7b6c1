"""Settings from the environment: defaults, what is misspelt, and what is not safe to start with."""

import dataclasses
import os
import threading
from pathlib import Path

import pytest

from timebank.application import create_app
from timebank.settings import SECRET_MIN_LENGTH, Environment, Settings, UnsafeSettings

NEW, OLD = "n" * SECRET_MIN_LENGTH, "o" * SECRET_MIN_LENGTH
VAULT = "0f" * 32
PRODUCTION = {
    "TIMEBANK_ENV": "production",
    "TIMEBANK_SECRET_KEYS": NEW,
    "TIMEBANK_WECHAT_APP_ID": "wx1",
    "TIMEBANK_WECHAT_SECRET": "kept secret",
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start with an environment that has only a home."""
    for name in os.environ:
        if name.startswith("TIMEBANK_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TIMEBANK_HOME", str(tmp_path / "home"))


def read(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    """Read the settings with these variables set."""
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return Settings.from_environment()


def test_nothing_set_is_the_demo_on_the_embedded_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without any variable the demo runs on SQLite in its home, one worker, reachable from this machine only."""
    settings = read(monkeypatch)
    assert settings.is_demo
    assert settings.is_sqlite
    assert settings.database_url == settings.owner_database_url == f"sqlite:///{tmp_path / 'home' / 'timebank.db'}"
    assert (settings.bind, settings.workers) == ("127.0.0.1", 1)
    assert settings.wechat_base_url == "http://127.0.0.1:8001"


def test_postgresql_gets_two_workers_and_may_have_an_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL runs several workers; migrations may use another account."""
    names = {
        "TIMEBANK_DATABASE_URL": "postgresql+psycopg://app@/db",
        "TIMEBANK_OWNER_DATABASE_URL": "postgresql+psycopg://owner@/db",
    }
    settings = read(monkeypatch, **names)
    assert not settings.is_sqlite
    assert settings.workers == 2
    assert settings.owner_database_url == "postgresql+psycopg://owner@/db"


def test_production_is_accepted_with_all_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Production with its own secrets talks to the real WeChat."""
    settings = read(monkeypatch, **PRODUCTION)
    assert settings.env is Environment.PRODUCTION
    assert not settings.is_demo
    assert settings.wechat_base_url == "https://api.weixin.qq.com"


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"TIMEBANK_PROT": "8000", "TIMEBANK_WORKER": "2"}, "TIMEBANK_PROT, TIMEBANK_WORKER"),
        ({"TIMEBANK_PORT": "eighty"}, "TIMEBANK_PORT"),
        ({"TIMEBANK_ENV": "staging"}, "TIMEBANK_ENV"),
        ({"TIMEBANK_SECRET_KEYS": "short"}, "TIMEBANK_SECRET_KEYS"),
        ({"TIMEBANK_SECRET_KEYS": f"{NEW},short"}, "TIMEBANK_SECRET_KEYS"),
        ({"TIMEBANK_WORKERS": "2"}, "TIMEBANK_WORKERS"),
        ({"TIMEBANK_DATABASE_URL": "postgresql+psycopg://app@/db", "TIMEBANK_WORKERS": "0"}, "TIMEBANK_WORKERS"),
        ({"TIMEBANK_THREADS": "0"}, "TIMEBANK_THREADS"),
        ({"TIMEBANK_DOCUMENT_HASH": "md5"}, "TIMEBANK_DOCUMENT_HASH"),
        ({"TIMEBANK_DOCUMENT_KEY": "short"}, "TIMEBANK_DOCUMENT_KEY"),
        ({"TIMEBANK_VAULT_KEY": "zz"}, "TIMEBANK_VAULT_KEY"),
        ({"TIMEBANK_VAULT_KEY": f"{VAULT},{VAULT}"}, "TIMEBANK_VAULT_KEY"),
        (PRODUCTION | {"TIMEBANK_SECRET_KEYS": ""}, "TIMEBANK_SECRET_KEYS"),
        (PRODUCTION | {"TIMEBANK_WECHAT_APP_ID": ""}, "TIMEBANK_WECHAT_APP_ID"),
        (PRODUCTION | {"TIMEBANK_WECHAT_SECRET": ""}, "TIMEBANK_WECHAT_SECRET"),
        (PRODUCTION | {"TIMEBANK_WECHAT_BASE_URL": "http://localhost:8001"}, "TIMEBANK_WECHAT_BASE_URL"),
    ],
    ids=[
        "misspelt names",
        "no number",
        "unknown environment",
        "short secret",
        "short old secret",
        "two writers on sqlite",
        "no worker",
        "no thread",
        "unknown hash",
        "short document key",
        "no vault key",
        "one vault key twice",
        "production without secret",
        "production without app id",
        "production without wechat secret",
        "production with a fake wechat",
    ],
)
def test_an_unsafe_start_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], named: str
) -> None:
    """A start that is misspelt, malformed or unsafe is refused; the message names the variable."""
    with pytest.raises(UnsafeSettings, match=named):
        read(monkeypatch, **values)


def test_a_hash_that_openssl_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """SM3 is taken where it is there; where it is not, nothing starts and hashes with something else instead."""
    assert read(monkeypatch, TIMEBANK_DOCUMENT_HASH="sm3", TIMEBANK_VAULT_KEY=VAULT).document_hash == "sm3"

    def lacking(name: str) -> None:
        raise ValueError(name)

    monkeypatch.setattr("timebank.settings.hashlib.new", lacking)
    with pytest.raises(UnsafeSettings, match="TIMEBANK_DOCUMENT_HASH"):
        read(monkeypatch)


def test_messages_and_representation_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """What may end up in a log holds neither keys nor passwords."""
    with pytest.raises(UnsafeSettings) as refused:
        read(monkeypatch, TIMEBANK_SECRET_KEYS="hunter2")
    assert "hunter2" not in str(refused.value)
    url = "postgresql+psycopg://app:hunter2@/db"
    kept = {"TIMEBANK_DOCUMENT_KEY": "hunter2" * 5, "TIMEBANK_VAULT_KEY": VAULT}
    shown = repr(read(monkeypatch, **PRODUCTION, **kept, TIMEBANK_DATABASE_URL=url))
    assert VAULT not in shown
    assert "hunter2" not in shown
    assert NEW not in shown
    assert "kept secret" not in shown


def test_names_for_the_tests_are_nobodys_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """``TIMEBANK_TEST_*`` belongs to the tests and stops no start."""
    assert read(monkeypatch, TIMEBANK_TEST_POSTGRES_URL="postgresql://x/y").is_demo


def test_the_demo_makes_its_secret_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The demo's secret is made at the first start, kept for the next ones, and readable by its owner only."""
    first, second = read(monkeypatch), read(monkeypatch)
    assert first.secret_keys == second.secret_keys
    assert len(first.secret_keys[0]) >= SECRET_MIN_LENGTH
    kept = list((tmp_path / "home").iterdir())
    assert [path.name for path in kept] == ["demo-secret"]
    assert kept[0].stat().st_mode & 0o777 == 0o600


def test_nobody_else_on_the_machine_looks_into_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """SQLite makes its file readable for everybody; the folder around it, which is made here, is its owner's."""
    read(monkeypatch)

    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700


def test_two_demos_that_start_together_share_one_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever comes second at the moment of writing takes the first one's secret, and never an empty one."""
    everyone_looked = threading.Barrier(2)
    look = Path.exists

    def look_together(path: Path) -> bool:
        found = look(path)
        everyone_looked.wait(timeout=30)
        return found

    found: list[tuple[str, ...]] = []
    threads = [threading.Thread(target=lambda: found.append(Settings.from_environment().secret_keys)) for _ in range(2)]
    with monkeypatch.context() as patched:
        patched.setattr(Path, "exists", look_together)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(found) == 2
    assert found[0] == found[1]
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["demo-secret"]


def test_keys_differ_by_purpose_and_come_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each use has a 32-byte key of its own for each live secret; replacing the oldest secret keeps the others' keys."""
    both = read(monkeypatch, TIMEBANK_SECRET_KEYS=f"{NEW},{OLD}")
    assert both.secret_keys == (NEW, OLD)
    only_new = dataclasses.replace(both, secret_keys=(NEW,))
    assert both.keys("a")[0] == only_new.keys("a")[0]
    assert len({*both.keys("a"), *both.keys("b")}) == 4
    assert {len(key) for key in both.keys("a")} == {32}


def test_a_home_that_cannot_be_made_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where a file is in the way, the variable is named."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("TIMEBANK_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(UnsafeSettings, match="TIMEBANK_HOME"):
        Settings.from_environment()


def test_a_sqlite_file_is_named_by_its_whole_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Migrations, the application and the server all open the same file, whatever their working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIMEBANK_DATABASE_URL", "sqlite:///here.db")
    settings = Settings.from_environment()
    assert settings.database_url == settings.owner_database_url == f"sqlite:///{tmp_path / 'here.db'}"


def test_the_public_address_is_a_scheme_and_a_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo has its own; production has none until somebody says it, and then nothing but https."""
    assert read(monkeypatch).public_address == "http://127.0.0.1:8000"
    assert read(monkeypatch, TIMEBANK_PUBLIC_URL="https://time.example.cn/").public_address == "https://time.example.cn"
    for wrong in (
        "time.example.cn",
        "ftp://x",
        "https://",
        "https://x/y",
        "https://x?y",
        "https://u@x",
        f"https://{'x' * 200}",
    ):
        with pytest.raises(UnsafeSettings, match="TIMEBANK_PUBLIC_URL"):
            read(monkeypatch, TIMEBANK_PUBLIC_URL=wrong)
    with pytest.raises(UnsafeSettings, match="TIMEBANK_PUBLIC_URL"):
        read(monkeypatch, **PRODUCTION, TIMEBANK_PUBLIC_URL="http://time.example.cn")
    assert read(monkeypatch, **PRODUCTION, TIMEBANK_PUBLIC_URL="").public_address == ""


def test_a_font_for_rare_names_must_be_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A path to nothing, or to what is no TrueType font, refuses to start and names the variable."""
    nonsense = tmp_path / "nonsense.ttf"
    nonsense.write_bytes(b"no font")
    with pytest.raises(UnsafeSettings, match="TIMEBANK_FONT_PATH: there is no such file"):
        read(monkeypatch, TIMEBANK_FONT_PATH=str(tmp_path / "nowhere.ttf"))
    settings = read(monkeypatch, TIMEBANK_FONT_PATH=str(nonsense))
    with pytest.raises(UnsafeSettings, match="TIMEBANK_FONT_PATH: no TrueType font"):
        create_app(settings)
    assert read(monkeypatch, TIMEBANK_FONT_PATH="").font_path is None
