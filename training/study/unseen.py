"""What of a text can't be seen, or looks like another character than it is."""

from __future__ import annotations

import unicodedata
from typing import Final

_CONTROLS: Final = {"\n": "LINE BREAK", "\r": "LINE BREAK", "\t": "TAB"}


def unseen(text: str) -> str:
    """The characters of a faulty text that mislead the eye; empty where all is plain."""
    odd = [each for each in dict.fromkeys(text) if not _is_plain(each)]
    mixed = any(each.isascii() and each.isalnum() for each in text)
    if odd and (mixed or not all(map(str.isprintable, odd))):
        named = [
            f"U+{ord(each):04X} {_CONTROLS.get(each) or unicodedata.name(each, '')}".rstrip()
            for each in odd[:3]
        ]
        return f" (it holds {', '.join(named)})"
    return " (a space is around it)" if text != text.strip() else ""


def _is_plain(character: str) -> bool:
    latin = character.isascii() or unicodedata.name(character, "").startswith("LATIN")
    return character == " " or (character.isprintable() and latin)
