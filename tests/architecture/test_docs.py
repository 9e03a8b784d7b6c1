"""The documents say what is there: every setting, every package, and no link leads nowhere."""

import re
from pathlib import Path

import pytest

from timebank.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "api_spec").glob("*.md")])


def test_every_setting_is_documented() -> None:
    """docs/operations.md has a line for each setting, and for no other."""
    documented = set(re.findall(rf"`({PREFIX}[A-Z_]+)`", (ROOT / "docs/operations.md").read_text(encoding="utf-8")))

    assert documented == {PREFIX + name.upper() for name in Settings.__dataclass_fields__}


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
