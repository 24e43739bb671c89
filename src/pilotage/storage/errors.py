"""How storage says no. Driver errors are translated at the boundary and kept as the cause.

StorageError(code, sentence)   a stable code for programs, a sentence for people
├── StorageUnavailable         the database is away, busy or full; nothing was acknowledged, and trying again may work
└── StorageRefused             a rule of the store refuses the request; trying the same again cannot work
"""

from __future__ import annotations


class StorageError(Exception):
    """Storage could not do what was asked. `code` is stable; `sentence` says what happened and what to do."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code, sentence)
        self.code = code
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


class StorageUnavailable(StorageError):
    """The store cannot be reached or cannot write now."""


class StorageRefused(StorageError):
    """The request breaks a rule of the store."""
