"""The script that lets charts answer to the pointer: Vega, written out of vl-convert once and kept, never committed."""

from __future__ import annotations

import gzip
import os
import tempfile
from importlib.metadata import version
from pathlib import Path

VEGA_LITE = "6.4"
FOLDER = Path(__file__).parent / "generated"


def file_name() -> str:
    """What the script is called: an upgrade of what it is made of asks for another."""
    return f"vega-{version('vl-convert-python')}-{VEGA_LITE}.js"


def found(folder: Path = FOLDER) -> Path | None:
    """The script, when it has been built for what is installed now."""
    path = folder / file_name()
    return path if path.exists() else None


def build(folder: Path = FOLDER) -> Path:
    """Build the script and its compressed twin, unless they are there. Raises OSError where it may not be written."""
    path = folder / file_name()
    if path.exists():
        return path
    import vl_convert  # noqa: PLC0415 - a large library that only this needs

    folder.mkdir(parents=True, exist_ok=True)
    content = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=VEGA_LITE).encode()
    # The plain file comes last: whoever finds it may count on the other.
    _write(path.with_name(path.name + ".gz"), gzip.compress(content, mtime=0))
    _write(path, content)
    return path


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing, also when two build at once."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".making-")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(name).chmod(0o644)
    Path(name).replace(path)
