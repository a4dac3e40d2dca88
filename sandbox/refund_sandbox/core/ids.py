"""Random ids from a seed: the same seed and the same sequence of requests give the same ids."""

import random
import secrets
import string

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_DIGITS_OF_BYTES = bytes(ord(_BASE62[byte % len(_BASE62)]) for byte in range(256))
_VERSION_4 = 4 << 76 | 2 << 62
_RANDOM_BITS = ~(15 << 76 | 3 << 62)
"""Mask of the random bits of a UUID (RFC 9562)."""
_UPPER = string.digits + string.ascii_uppercase


class Ids:
    """Only source of randomness of a workspace."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - fake ids, reproducible on purpose

    def restart(self, seed: int | str) -> None:
        self.random.seed(seed)

    def fork(self, seed: int | None = None) -> "Ids":
        """Return a sequence of its own, which follows from a seed, or from this sequence."""
        return Ids(self.random.getrandbits(128) if seed is None else seed)

    def continue_from(self, other: "Ids") -> None:
        """Continue where another sequence is now."""
        self.random.setstate(other.random.getstate())

    def uuid(self) -> str:
        """Return a version 4 UUID."""
        digits = f"{self.random.getrandbits(128) & _RANDOM_BITS | _VERSION_4:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def hex(self, length: int) -> str:
        """Return `length` lower-case hexadecimal digits, an even number."""
        return self.random.getrandbits(4 * length).to_bytes(length // 2).hex()

    def base62(self, length: int) -> str:
        """Return `length` digits and letters."""
        return self.random.randbytes(length).translate(_DIGITS_OF_BYTES).decode()

    def upper(self, length: int) -> str:
        """Return a capital letter, a digit, and `length - 2` more of both."""
        start = self.random.choice(string.ascii_uppercase) + self.random.choice(string.digits)
        return start + "".join(self.random.choices(_UPPER, k=length - 2))


class UniqueIds(Ids):
    """Ids for a store that several processes share, or that outlives this process. The seed is random, so ids never repeat."""

    def __init__(self) -> None:
        super().__init__(secrets.randbits(128))

    def restart(self, seed: int | str) -> None:
        """Continue without a restart: ids that the seed gave before may be in use."""

    def fork(self, seed: int | None = None) -> Ids:
        return UniqueIds()

    def continue_from(self, other: Ids) -> None:
        """Continue with the own ids: the other sequence is random too."""
