"""The statements that DuckDB runs: the files in `sql`, one per question."""

from __future__ import annotations

from functools import cache
from importlib.resources import files as resources


@cache
def text_of(name: str) -> str:
    """The text of a question, or of a part that several share."""
    return (resources(__package__) / "sql" / f"{name}.sql").read_text(encoding="utf-8")
