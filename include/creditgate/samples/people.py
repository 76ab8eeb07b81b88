"""Persons who do not exist: names put together by chance, identity numbers of no county."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa

from creditgate.samples import text, vocabulary
from creditgate.samples.codes import identity_numbers
from creditgate.samples.draws import Draws

ADULTS_BORN = (date(1958, 1, 1), date(1999, 12, 31))


def names(draws: Draws, stream: str) -> pa.Array:
    """Chinese names of three characters, one in five of two."""
    given = tuple(vocabulary.GIVEN_FIRST)
    middles = given + ("",) * (len(given) // 4)
    return text.joined(
        draws.pick(f"{stream}.surname", tuple(vocabulary.SURNAMES)),
        draws.pick(f"{stream}.middle", middles),
        draws.pick(f"{stream}.given", tuple(vocabulary.GIVEN_SECOND)),
    )


def identity(draws: Draws, stream: str, born: tuple[date, date] = ADULTS_BORN) -> pa.Array:
    """Valid identity numbers of persons born within `born`, both days included."""
    days = draws.between(f"{stream}.born", text.day_number(born[0]), text.day_number(born[1]))
    serials = draws.below(f"{stream}.serial", 1000).astype(np.int64)
    return identity_numbers(text.dates(days, "{y:04d}{m:02d}{d:02d}"), serials)
