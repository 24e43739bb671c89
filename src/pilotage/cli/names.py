"""People's names in place of their ids, where people read. JSON keeps the ids, which never change."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pilotage.cli.access import Access

_PERSON = re.compile(r"\bp-[a-z2-7]{10}\b")


class Names:
    """Puts names into texts. An id that is not known stays as it is."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    @classmethod
    def of(cls, access: Access) -> Names:
        """The names of everybody known; none where whoever asks may not see people."""
        from pilotage.client import ApiRefused

        try:
            people = access.people()
        except ApiRefused:
            return cls({})
        return cls({one["person"]: one["name"] for one in people})

    def __call__(self, text: str) -> str:
        """The text with names for ids."""
        return _PERSON.sub(lambda found: self._names.get(found[0], found[0]), text)
