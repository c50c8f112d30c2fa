"""Text from the learner's side, made safe to show in a terminal, a page or a log."""

from __future__ import annotations

import unicodedata

# Cc holds the C0 and C1 control characters (ESC starts a terminal sequence); Cs the lone surrogates, which
# cannot be encoded; the direction marks below reorder what a reader sees.
_DIRECTION = frozenset(map(chr, [0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]))


def clean(text: str, limit: int = 2000) -> str:
    """`text` without control characters other than newline and tab, cut to `limit` characters."""
    text = text[: limit + 1]
    if not (text.isascii() and text.isprintable()):
        text = "".join(c for c in text if c in "\n\t" or _shown(c))
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _shown(character: str) -> bool:
    if unicodedata.category(character) in ("Cc", "Cs"):
        return False
    return character not in _DIRECTION
