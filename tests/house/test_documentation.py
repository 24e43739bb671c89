"""The documentation keeps its promises: links lead somewhere, nothing is left out, generated pages are up to date."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from pilotage.playbook.loading import load, shipped
from pilotage.record.commands import ASKS_CREDENTIAL, COMMANDS, PERMITTED
from pilotage.record.organisation import ORGANISATION_COMMANDS, ORGANISATION_PERMITTED
from pilotage.record.reference import reference

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PACKAGE = ROOT / "src" / "pilotage"
ENTRANCES = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES = [*ENTRANCES, *sorted(DOCS.rglob("*.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def read(path: Path) -> str:
    """A file's text."""
    return path.read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    """A path as seen from the root."""
    return str(path.relative_to(ROOT))


def links(page: Path) -> list[str]:
    """The targets of a page's links within the repository."""
    return [target for target in LINK.findall(CODE.sub("", read(page))) if "://" not in target]


def leads_somewhere(page: Path, target: str) -> bool:
    """Whether a link's file is there, and its heading where it names one."""
    path, _, anchor = target.partition("#")
    found = (page.parent / path).resolve() if path else page
    return found.exists() and (not anchor or found.suffix != ".md" or anchor in anchors(found))


def anchors(page: Path) -> set[str]:
    """The names under which a page's headings can be linked to, as forges make them."""
    text = re.sub(r"```.*?```", "", read(page), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def tracked() -> list[Path]:
    """Every file that is in the repository, or would be with the next commit."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [path for name in names if (path := ROOT / name).is_file()]


@cache
def words_of_the_sources() -> tuple[str, ...]:
    """Every module as plain words: names of types and functions are taken apart."""
    texts = (re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", read(path)) for path in sorted(PACKAGE.rglob("*.py")))
    return tuple(text.lower() for text in texts)


def glossary() -> list[str]:
    """The terms of the glossary, one by one."""
    rows = read(ROOT / "ARCHITECTURE.md").partition("## Glossary")[2].splitlines()
    cells = [row.split("|")[1] for row in rows if row.startswith("| ") and not row.startswith("| term")]
    return [term.strip() for cell in cells for term in cell.split(",")]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page):
    """Files that a page links to are there, and so are the headings."""
    broken = [target for target in links(page) if not leads_somewhere(page, target)]
    assert not broken, f"{name_of(page)} links to what is not there: {', '.join(broken)}"


def test_every_page_can_be_found():
    """A page that nothing links to is read by nobody."""
    linked = {(page.parent / target.partition("#")[0]).resolve() for page in PAGES for target in links(page)}
    orphans = [name_of(page) for page in PAGES if page not in ENTRANCES and page not in linked]
    orphans = [name for name in orphans if not name.startswith("docs/decisions/0")]
    assert not orphans, f"linked from nowhere: {', '.join(orphans)}"


def test_every_decision_is_listed():
    """The page of decisions names each of them."""
    listed = read(DOCS / "decisions" / "README.md")
    missing = [path.name for path in sorted((DOCS / "decisions").glob("0*.md")) if path.name[:4] not in listed]
    assert not missing, f"docs/decisions/README.md does not list {', '.join(missing)}"


def generated() -> dict[str, str]:
    """What `make guides` writes."""
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "scripts" / "generate_docs.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script.pages()


def test_generated_pages_are_up_to_date():
    """Each is what the product generates now, and each page that says it is generated is among them."""
    pages = generated()
    stale = [path for path, text in pages.items() if read(DOCS / path) != text]
    assert not stale, f"run `make guides`: {', '.join(stale)} changed"
    marked = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md") if "<!-- Generated:" in read(page)}
    assert marked == set(pages)


@pytest.mark.parametrize("command", [*COMMANDS, *ORGANISATION_COMMANDS])
def test_every_command_is_documented(command):
    """With its sentence, who may give it, whether it is a signature, and each of its fields."""
    text = reference()
    section = text.partition(f"\n## {command}\n")[2].partition("\n## ")[0]
    cls, permitted = (COMMANDS | ORGANISATION_COMMANDS)[command], PERMITTED | ORGANISATION_PERMITTED
    assert " ".join(cls.__doc__.split()) in section
    assert f"Given by: {', '.join(sorted(permitted[command]))}." in section
    assert ("Counts as a signature." in section) is (command in ASKS_CREDENTIAL)
    rows = [row.split("|")[1].strip() for row in section.splitlines() if row.startswith("| `")]
    assert rows == [f"`{field}`" for field in cls.__struct_fields__]


def test_limits_are_in_the_reference_as_the_types_have_them():
    """Lengths, ranges, choices, defaults and personal texts are said in words."""
    text = reference()
    for row in (
        "| `title` | text, 3 to 120 characters | refused |  |",
        "| `percent` | a number, 0 to 100 | `0` |  |",
        "| `retention_days` | a whole number, 1 to 3650 | refused |  |",
        "| `timeout_ms` | a number, above 0 and at most 600000 | `1000` |  |",
        "| `outcome` | `extend` or `go` or `no_go` | refused |  |",
        "| `extend_until` | a day, YYYY-MM-DD or `null` | nothing |  |",
        "| `fields` | a list, each text, 1 to 200 characters, at least 1 entries | refused |  |",
        "| `charter` | [charter](#the-charter) | refused |  |",
        "| `argument` | text, 3 to 4000 characters | refused | a personal text |",
    ):
        assert f"\n{row}\n" in text, row


@pytest.mark.parametrize("name", shipped())
def test_every_criterion_is_documented(name):
    """Each criterion's id stands in the page of its cadence."""
    text = read(DOCS / "playbook" / f"{name}.md")
    criteria = [criterion.id for phase in load(name).phases for criterion in phase.criteria]
    assert len(criteria) > 50
    assert not [criterion for criterion in criteria if f"`{criterion}`" not in text]


def test_every_setting_is_documented():
    """Each environment variable that the sources read stands in the page of settings."""
    named = re.compile(r"(?<!_)PILOTAGE_[A-Z]+(?:_[A-Z]+)*")
    sources = [path for path in PACKAGE.rglob("*.py") if "/project/" not in str(path)]
    read_there = {name for path in sources for name in named.findall(read(path))}
    missing = sorted(read_there - set(named.findall(read(DOCS / "settings.md"))))
    assert not missing, f"docs/settings.md does not explain {', '.join(missing)}"


def test_the_map_shows_every_part():
    """Each folder and module at the top of the sources is in the map of ARCHITECTURE.md, and nothing else is."""
    section = read(ROOT / "ARCHITECTURE.md").partition("## Map")[2].partition("\n### ")[0]
    mapped = set(re.findall(r"^\| `([^`]+)` ", section, re.MULTILINE))
    folders = {f"{path.name}/" for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    modules = {path.name for path in PACKAGE.glob("*.py")} - {"__init__.py", "__main__.py"}
    assert mapped == folders | modules


@pytest.mark.parametrize("page", ENTRANCES, ids=name_of)
def test_files_that_are_named_are_there(page):
    """A path in code type stands for a file or folder of this repository, from its root, the sources or the tests."""
    named = set(re.findall(r"`((?:[\w.-]+/)+[\w.-]*|[\w/]+\.(?:py|md|toml))`", read(page)))
    roots = (ROOT, PACKAGE, ROOT / "tests", ROOT / "tests" / "storage")
    # A workspace's own folders are made at run time.
    made = {"segments/", "keys/", "spool/", "leases/"}
    missing = [path for path in sorted(named - made) if not any((root / path).exists() for root in roots)]
    assert not missing, f"{name_of(page)} names what is not there: {', '.join(missing)}"


def test_the_targets_of_make_are_there():
    """Every `make` command that the documentation gives is one."""
    targets = set(re.findall(r"^([a-z]+):", read(ROOT / "Makefile"), re.MULTILINE))
    given = {target for page in PAGES for target in re.findall(r"(?:`|^)make ([a-z]+)", read(page), re.MULTILINE)}
    assert {"run", "test"} <= given <= targets


@pytest.mark.parametrize("term", glossary())
def test_the_glossary_speaks_of_what_there_is(term):
    """Each term is used in the sources: the authority on words has no dead ones."""
    pattern = re.compile(rf"\b{re.escape(term.lower())}")
    assert any(pattern.search(text) for text in words_of_the_sources()), f"{term} is nowhere in the sources"


def test_the_glossary_explains_a_term_once():
    """One meaning each."""
    terms = glossary()
    assert len(terms) > 40
    assert len(terms) == len(set(terms))


def test_no_file_knows_the_machine_it_was_written_on():
    """Paths of somebody's machine mean nothing on another."""
    pattern = re.compile(r"(?<![\w.])/(?:work|root|home/[a-z]+|tmp/[a-z])/")
    found = []
    for path in tracked():
        try:
            text = read(path)
        except UnicodeDecodeError:
            continue
        found += [f"{name_of(path)}: {match.group()}" for match in pattern.finditer(text)]
    assert not found, "\n".join(found)
