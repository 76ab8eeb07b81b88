"""What the check needs from the warehouse, as questions. Offline there is nobody to ask."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from creditgate.domain.likeness import Likeness


class SubjectRegister(Protocol):
    """The register of credit subjects (S12)."""

    def names(self, codes: pa.Array) -> pa.Array:
        """The registered name for each credit code, null where the register has none."""
        ...

    def person_names(self, keys: pa.Array) -> pa.Array:
        """The registered name for each identity key, null where the register has none."""
        ...

    def is_empty(self) -> bool:
        """Whether there is no register yet: then nothing can be unlinked."""
        ...


class EventTargets(Protocol):
    """The records that events can be about."""

    def held(self, record_ids: pa.Array, items: tuple[str, ...]) -> npt.NDArray[np.bool_]:
        """True where one of the items has a record of this id (16 bytes); null ids are False."""
        ...


class Tombstones(Protocol):
    """The proofs of deletion (S29–S31)."""

    def expired(self, record_ids: pa.Array) -> npt.NDArray[np.bool_]:
        """True where a record of this id (16 bytes) has been deleted; null ids are False."""
        ...


class HeldRecords(Protocol):
    """The records that are held already, asked for those that tell nearly the same (S12)."""

    def is_empty(self, item: str) -> bool:
        """Whether nothing of the item is held."""
        ...

    def near(self, item: str, likeness: Likeness, rows: pa.Table) -> npt.NDArray[np.int32]:
        """The row numbers of those rows that are like a record of another id.

        rows: row_number, record_id (16 bytes) and subject_key, none of them null, and the likeness' own columns.
        """
        ...
