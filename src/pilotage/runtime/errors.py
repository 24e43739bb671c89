"""What the runtime raises into a caller: only for a mistake in the caller's own code, never for a failure of ours.

ValueError
  InvalidUse    an argument that can never be right: `code`, `field` and a sentence that says what to do
"""

from __future__ import annotations


class InvalidUse(ValueError):
    """An argument that can never be right. `code` is stable; `field` names the argument."""

    def __init__(self, code: str, field: str, sentence: str) -> None:
        super().__init__(f"{field}: {sentence} [{code}]")
        self.code = code
        self.field = field
        self.sentence = sentence
