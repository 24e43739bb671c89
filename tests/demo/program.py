"""The real program `pilotage demo`, started in a folder and on a port of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

MINUTES_MAX = 9


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def started(home, *options):
    """The program, started; its words are read from its `stdout`."""
    command = [sys.executable, "-m", "pilotage", "demo", "--home", str(home), "--port", str(free_port()), "--no-serve"]
    settings = {name: value for name, value in os.environ.items() if not name.startswith("PILOTAGE_")}
    return subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=settings
    )


def words_of(process, *, code=0):
    """All that it said once it ended, which it must with this exit code."""
    words, _ = process.communicate(timeout=60 * MINUTES_MAX)
    assert process.returncode == code, words
    return words
