"""Files that a command reads and writes, with failures as sentences."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pilotage.cli.failures import CliError

STANDARD_STREAM = "-"


def text_of(path: Path) -> str:
    """The text of a file, or of standard input for `-`. Raises `CliError` when it cannot be read as UTF-8."""
    try:
        return sys.stdin.read() if str(path) == STANDARD_STREAM else path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CliError("unreadable", f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    except UnicodeDecodeError as error:
        raise CliError("unreadable", f"{path} is not text in UTF-8; save it as UTF-8.") from error


def bytes_of(path: Path) -> bytes:
    """What a file holds, or standard input for `-`. Raises `CliError` when it cannot be read."""
    try:
        return sys.stdin.buffer.read() if str(path) == STANDARD_STREAM else path.read_bytes()
    except OSError as error:
        raise CliError("unreadable", f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from error


def write_text(path: Path, text: str) -> None:
    """Write a text whole or not at all. Raises `CliError` when it cannot be written."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all. Raises `CliError` when it cannot be written."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        raise CliError("unwritable", f"{path} cannot be written: {(error.strerror or str(error)).lower()}.") from error
