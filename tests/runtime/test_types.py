from __future__ import annotations

from pathlib import Path

from mypy import api

PAGE = Path(__file__).parents[1] / "typing" / "sdk_types.py"


def test_the_public_types_are_what_applications_rely_on():
    """A file that uses the SDK as an application does passes a strict type check, and its mistakes are found."""
    said, complained, status = api.run(["--strict", "--no-error-summary", str(PAGE)])
    assert (status, said, complained) == (0, "", "")
