"""The documents say what is there: every setting, every package, and no link leads nowhere."""

import json
import re
from pathlib import Path

import click
import pytest

from timebank.attendance.rules import LateReason
from timebank.commands import cli
from timebank.imports.faults import Code as Fault
from timebank.notifications.rules import FACTS
from timebank.records.rules import Flag
from timebank.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "api_spec").glob("*.md")])
MANUALS = [path for path in DOCUMENTS if path.parent.name == "docs"]
SQL = {"BEGIN", "COMMIT", "SELECT", "INSERT", "UPDATE", "DELETE"}


def test_every_setting_is_documented() -> None:
    """docs/operations.md has a line for each setting, and for no other."""
    documented = set(re.findall(rf"`({PREFIX}[A-Z_]+)`", (ROOT / "docs/operations.md").read_text(encoding="utf-8")))

    assert documented == {PREFIX + name.upper() for name in Settings.__dataclass_fields__}


def test_every_topic_is_documented_with_its_facts() -> None:
    """docs/operations.md says of each topic what a template can show, and of no other."""
    lines = re.findall(
        r"^\| (`[a-z_`, ]+) \| (`[a-z_`, ]+) \|$", (ROOT / "docs/operations.md").read_text("utf-8"), re.MULTILINE
    )
    table = [(re.findall("[a-z_]+", topics), set(re.findall("[a-z_]+", facts))) for topics, facts in lines]
    documented = {topic: facts for topics, facts in table for topic in topics}

    assert documented == {str(topic): facts for topic, facts in FACTS.items()}


def test_every_package_is_on_the_map() -> None:
    """docs/architecture.md names each package and module of the product."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    table = "\n".join(line for line in text.splitlines() if line.startswith("| `"))
    named = set(re.findall(r"`([a-z_]+)`", table.replace("create_app", "")))
    there = {path.stem for path in (ROOT / "timebank").iterdir() if path.name[0] not in "_."}

    assert there <= named


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_link_leads_nowhere(document: Path) -> None:
    """Every relative link of a document names a file or folder that exists."""
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text(encoding="utf-8"))

    assert [link for link in links if not (document.parent / link).exists()] == []


def _prose(document: Path) -> str:
    """Return a document without what is shown in fences: output and placeholders are no claims."""
    return re.sub(r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def _codes() -> set[str]:
    """Return every code that the product can answer with or keep: refusals, flags, why a late scan waits, faults of lines."""
    table = (ROOT / "api_spec/problems.md").read_text(encoding="utf-8")
    return {*re.findall(r"^\| `([A-Z0-9_]+)`", table, flags=re.MULTILINE), *Flag, *LateReason, *Fault}


@pytest.mark.parametrize("document", MANUALS, ids=lambda path: path.name)
def test_every_code_is_real(document: Path) -> None:
    """Every code in capitals that a document names is a refusal, a flag, a reason why a late scan waits, or a line's fault."""
    named = {word for word in re.findall(r"`([A-Z][A-Z0-9_]{2,})`", _prose(document)) if not word.startswith(PREFIX)}

    assert named - SQL - _codes() == set()


def test_every_fault_of_a_line_is_explained() -> None:
    """docs/import.md names every fault that a line of an import can have."""
    assert {f"`{fault}`" for fault in Fault if f"| `{fault}` |" not in _prose(ROOT / "docs/import.md")} == set()


def test_every_refusal_of_the_shop_is_explained() -> None:
    """docs/shop.md names every code with which the shop says no."""
    modules = (ROOT / "timebank/shop").rglob("*.py")
    codes = {
        code
        for path in modules
        for code in re.findall(r'^    code = "(.*)"$', path.read_text(encoding="utf-8"), re.MULTILINE)
    }

    assert {code for code in codes if f"`{code}`" not in _prose(ROOT / "docs/shop.md")} == set()


def test_every_flag_is_explained_to_coordinators() -> None:
    """docs/check-in.md names every flag that a record can carry."""
    assert {f"`{flag}`" for flag in Flag if f"`{flag}`" not in _prose(ROOT / "docs/check-in.md")} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_endpoint_exists(document: Path) -> None:
    """Every method and path that a document names is in the specification, whatever its parameters are called."""
    paths = json.loads((ROOT / "api_spec/openapi.json").read_text(encoding="utf-8"))["paths"]
    there = {
        f"{method.upper()} {_plain(path)}" for path, item in paths.items() for method in item if method != "parameters"
    }
    named = re.findall(
        r"(?:^|`)(GET|POST|PUT|PATCH|DELETE) (/[^\s`]+)", document.read_text(encoding="utf-8"), re.MULTILINE
    )

    assert {f"{method} {_plain(path)}" for method, path in named} <= there


def _plain(path: str) -> str:
    """Return a path without its version, query and names of parameters."""
    return re.sub(r"\{[^}]*\}", "{}", path.split("?", maxsplit=1)[0]).removeprefix("/api/v1")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_exists(document: Path) -> None:
    """Every `timebank …` that a document names is a command with these options."""
    text = document.read_text(encoding="utf-8")
    named = re.findall(r"(?:`|^\$ ?|^)timebank +([a-z][^`\n|#]*)", text, flags=re.MULTILINE)

    assert [line for line in named if _fault_of(line.split())] == []


def _fault_of(words: list[str]) -> str | None:
    """Return the first word of a command line that nothing knows, if there is one."""
    command: click.Command = cli
    while isinstance(command, click.Group):
        word = words.pop(0) if words else ""
        found = command.get_command(click.Context(command), word)
        if found is None:
            return word or "no command"
        command = found
    options = {option for parameter in command.params for option in parameter.opts}
    return next((word for word in words if word.startswith("--") and word not in options), None)
