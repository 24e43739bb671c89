"""Passwords: which are accepted, how they are hashed (argon2id), and the same work for names that do not exist."""

from __future__ import annotations

import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from pilotage.storage.accounts.secret_tokens import RandomBytes
from pilotage.storage.errors import StorageError, StorageRefused

CHARACTERS_MIN = 12
CHARACTERS_MAX = 1024

# Each hash takes 64 MiB at the library's defaults: a crowd of sign-ins must not take them all at once.
PARALLEL_HASHES = 4


class Passwords:
    """Hashes and checks passwords with the parameters of `hasher`; tests give cheap ones."""

    def __init__(self, hasher: PasswordHasher, random_bytes: RandomBytes) -> None:
        self._hasher = hasher
        self._random_bytes = random_bytes
        self._gate = threading.BoundedSemaphore(PARALLEL_HASHES)
        self._dummy: str | None = None

    def hash(self, password: str) -> str:
        """The argon2id hash of a password that was checked."""
        with self._gate:
            return self._hasher.hash(_normal(password), salt=self._random_bytes(self._hasher.salt_len))

    def matches(self, hashed: str | None, password: str) -> bool:
        """Whether the password is the hashed one. None, for no such account or no password, costs the same and is not.

        Raises `StorageError` (`account-damaged`) when what is stored is not a hash.
        """
        # Made at the first sign-in whoever it is, or the first unknown name would take twice as long.
        dummy = self._dummy_hash()
        short = password[:CHARACTERS_MAX]
        try:
            with self._gate:
                self._hasher.verify(hashed or dummy, _normal(short))
        except VerifyMismatchError:
            return False
        except (VerificationError, InvalidHashError) as error:
            raise StorageError(
                "account-damaged", "The password's stored hash is damaged: have an administrator set a new password."
            ) from error
        return hashed is not None and short == password

    def outdated(self, hashed: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(hashed)

    def _dummy_hash(self) -> str:
        if self._dummy is None:
            self._dummy = self.hash("a password that nobody has")
        return self._dummy


def check_new_password(password: str, username: str) -> None:
    """Refuse a password that is too short, overlong or little more than the name. Raises `StorageRefused`.

    Length is asked for rather than kinds of characters (NIST SP 800-63B, section 3.1.1.2 of revision 4).
    """
    normal = unicodedata.normalize("NFKC", password)
    if len(normal) < CHARACTERS_MIN or max(len(normal), len(password)) > CHARACTERS_MAX:
        raise StorageRefused(
            "weak-password", f"A password has {CHARACTERS_MIN} to {CHARACTERS_MAX} characters; a few words will do."
        )
    if len(set(normal)) <= 2 or normal.casefold() == username:  # noqa: PLR2004 - one letter repeated, or two in turn
        raise StorageRefused("weak-password", "This password is too easy to guess; a few words will do.")


def _normal(password: str) -> bytes:
    """The same bytes however a keyboard composes the letters."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
