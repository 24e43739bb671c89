"""Writes the generated reference pages under docs/ again: `make guides`."""

from __future__ import annotations

from pathlib import Path

from pilotage.cli.reference import reference as command_line
from pilotage.playbook.loading import load, shipped
from pilotage.playbook.reference import reference as playbook
from pilotage.record.permissions import reference as permissions
from pilotage.record.reference import reference as commands
from pilotage.workflow.sections import reference as sections

DOCS = Path(__file__).parents[1] / "docs"


def pages() -> dict[str, str]:
    """Every generated page, by its path under docs/."""
    cadences = {f"playbook/{name}.md": playbook(load(name)) for name in shipped()}
    return {
        "cli.md": command_line(),
        "commands.md": commands(),
        "permissions.md": permissions(),
        "sections.md": sections(),
        **cadences,
    }


def main() -> None:
    """Write every page."""
    for path, text in pages().items():
        (DOCS / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
