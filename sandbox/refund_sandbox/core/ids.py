"""Random-looking ids from a seed: the same seed and the same calls give the same ids."""

import random
import secrets
import string

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_DIGITS_OF_BYTES = bytes(ord(_BASE62[byte % len(_BASE62)]) for byte in range(256))
_VERSION_4 = 4 << 76 | 2 << 62
_FREE = ~(15 << 76 | 3 << 62)
"""The bits of a UUID that RFC 9562 leaves to chance, the other ones zero."""
_UPPER = string.digits + string.ascii_uppercase


class Ids:
    """The one source of randomness of a workspace."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - fake ids, reproducible on purpose

    def restart(self, seed: int) -> None:
        """Begins again from a seed."""
        self.random.seed(seed)

    def uuid(self) -> str:
        """A version 4 UUID."""
        digits = f"{self.random.getrandbits(128) & _FREE | _VERSION_4:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def hex(self, length: int) -> str:
        """So many lower-case hexadecimal digits."""
        return f"{self.random.getrandbits(4 * length):0{length}x}"

    def base62(self, length: int) -> str:
        """So many digits and letters."""
        return self.random.randbytes(length).translate(_DIGITS_OF_BYTES).decode()

    def upper(self, length: int) -> str:
        """A capital letter, a digit, and so many of both that it has that length."""
        start = self.random.choice(string.ascii_uppercase) + self.random.choice(string.digits)
        return start + "".join(self.random.choices(_UPPER, k=length - 2))


class UniqueIds(Ids):
    """Ids for a store that several processes share, or that outlives this one: no seed gives the same ids twice."""

    def __init__(self) -> None:
        super().__init__(secrets.randbits(128))

    def restart(self, seed: int) -> None:
        """Goes on: the ids that the seed gave before may be in use."""
