"""When two spellings of a column header are the same header."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_INVISIBLE_OR_BLANK = re.compile(r"[\s\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u2064\ufeff]+")
_JOINERS = re.compile(r"[_\-‐‑‒–—―−]+")
_BRACKETS = str.maketrans("[]{}【】〔〕〖〗〈〉「」", "()()()()()()()")
_EDGE_MARKS = ":;,.，。、；：*?!#'\"`"


@lru_cache(maxsize=4096)
def normalise_header(text: str) -> str:
    """A header without what doesn't matter: case, width, blanks, joiners, kind of bracket, edge marks.

    `行政相对人代码-1（统一社会信用代码）：` and `行政相对人代码_1(统一社会信用代码)` become the same text;
    so do `CF_WSH` and `cfWsh`.
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    text = _JOINERS.sub("", _INVISIBLE_OR_BLANK.sub("", text))
    return text.translate(_BRACKETS).strip(_EDGE_MARKS)
