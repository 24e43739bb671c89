"""The way in: says what to install when the command line's own libraries are missing, else runs the command."""

from __future__ import annotations

import importlib.util
import sys

NOT_INSTALLED = "pilotage: the command line is not installed; add it with: pip install 'pilotage[server]'"
USAGE = 2


def main() -> None:
    """Run the command in `sys.argv` and leave with its exit code."""
    if importlib.util.find_spec("click") is None:
        print(NOT_INSTALLED, file=sys.stderr)  # noqa: T201 - nothing better to say it with is installed
        sys.exit(USAGE)
    from pilotage.cli.program import run

    sys.exit(run(sys.argv[1:]))
