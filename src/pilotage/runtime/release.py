"""The digest of a candidate as it runs here: its module's source and its artefacts. It must be the lease's."""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import CodeType
from typing import Any

DIGEST_SCHEME = b"pilotage-release-1\n"


def release_digest(function: Callable[..., Any], artifacts: Iterable[str | Path] = ()) -> str:
    """The SHA-256, in hexadecimal, of the scheme's name, the source's SHA-256 and each artefact's, in the order given.

    The source is the file of the module that defines the function; where there is none (a notebook, a
    prompt), the function's compiled code stands for it. Raises OSError when an artefact cannot be read.
    """
    total = hashlib.sha256(DIGEST_SCHEME)
    total.update(_source_digest(function))
    for path in artifacts:
        with Path(path).open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def _source_digest(function: Callable[..., Any]) -> bytes:
    defined = _defining(function)
    module = sys.modules.get(getattr(defined, "__module__", None) or "")
    file = getattr(module, "__file__", None)
    if file is not None and file.endswith(".py") and Path(file).is_file():
        return hashlib.sha256(Path(file).read_bytes()).digest()
    code = getattr(defined, "__code__", None)
    if code is not None:
        return hashlib.sha256(repr(_code_parts(code)).encode()).digest()
    return hashlib.sha256(repr(defined).encode()).digest()


def _code_parts(code: CodeType) -> tuple[object, ...]:
    """What a compiled function does, without where it stands: a cell that is run again keeps its digest."""
    constants = [_code_parts(part) if isinstance(part, CodeType) else part for part in code.co_consts]
    return (code.co_code, code.co_names, code.co_varnames, constants)


def _defining(function: Callable[..., Any]) -> object:
    """The function that was written: without partials and wrappers, and the class of a callable object."""
    while True:
        if isinstance(function, functools.partial):
            function = function.func
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        else:
            break
    return function if hasattr(function, "__code__") or isinstance(function, type) else type(function)
