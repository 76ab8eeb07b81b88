"""Random numbers that depend on (seed, stream, key) and on nothing else.

A row's values are a pure function of the seed and of the row's own number: so row 17 is the same in a
file of 100 rows and of 1,000,000, and whatever size of chunks it was written in. The mixing function is
the finaliser of SplitMix64 (Steele, Lea, Flood 2014), applied to whole arrays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Keys = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]


def _mix(values: Keys) -> Keys:
    """SplitMix64's finaliser: a bijection of 64-bit numbers that looks random."""
    mixed = values.copy()
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


@dataclass(frozen=True)
class Draws:
    """Independent streams of random values for the given keys (row or subject numbers, shape (n,))."""

    seed: int
    keys: Keys

    @classmethod
    def of(cls, seed: int, keys: Numbers | range) -> Draws:
        """Draws for whole numbers from 0."""
        numbers = np.arange(keys.start, keys.stop, keys.step) if isinstance(keys, range) else keys
        return cls(seed, numbers.astype(np.uint64))

    def __len__(self) -> int:
        return len(self.keys)

    def bits(self, stream: str) -> Keys:
        """64 random bits per key; `stream` names what they are for."""
        digest = hashlib.blake2b(f"{self.seed}\x1f{stream}".encode(), digest_size=8).digest()
        salt = np.uint64(int.from_bytes(digest, "little"))
        return _mix(_mix(self.keys + np.uint64(0x9E3779B97F4A7C15)) ^ salt)

    def below(self, stream: str, limit: int) -> Numbers:
        """Whole numbers 0 ≤ x < limit (limit ≤ 2³¹)."""
        high = self.bits(stream) >> np.uint64(32)
        return ((high * np.uint64(limit)) >> np.uint64(32)).astype(np.int64)

    def between(self, stream: str, low: int, high: int) -> Numbers:
        """Whole numbers low ≤ x ≤ high."""
        return self.below(stream, high - low + 1) + low

    def chance(self, stream: str, share: float) -> npt.NDArray[np.bool_]:
        """True for about `share` of the keys."""
        return self.bits(stream) < np.uint64(min(max(share, 0.0), 1.0) * (2**64 - 2048))

    def pick(self, stream: str, words: Sequence[str]) -> pa.Array:
        """One of the words per key, all equally likely."""
        return take(words, self.below(stream, len(words)))

    def pick_number(self, stream: str, numbers: Sequence[int]) -> Numbers:
        """One of the whole numbers per key, all equally likely."""
        return np.asarray(numbers, np.int64)[self.below(stream, len(numbers))]

    def pick_unevenly(self, stream: str, words: Sequence[str], weights: Sequence[int]) -> pa.Array:
        """One of the words per key, in proportion to whole-number weights."""
        return take(words, self.index_unevenly(stream, weights))

    def index_unevenly(self, stream: str, weights: Sequence[int]) -> Numbers:
        """Positions 0 … len(weights)-1, in proportion to whole-number weights."""
        bounds = np.cumsum(np.asarray(weights, np.int64))
        return np.searchsorted(bounds, self.below(stream, int(bounds[-1])), side="right").astype(np.int64)


def take(words: Sequence[str], positions: Numbers) -> pa.Array:
    """`words[positions[i]]` for each i, as an Arrow string array."""
    return pa.array(words, pa.string()).take(pa.array(positions))
