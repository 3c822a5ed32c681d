"""Password hashes, by argon2id.

Clients make up long random passwords of their own, so the cost is set by what a storm of returning
clients may do to a small machine: the least that OWASP's password storage guide recommends.
All functions take some ten milliseconds of processor time and release the interpreter meanwhile:
call them through `asyncio.to_thread`.
"""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hash_password(password: str) -> str:
    """Return the hash of a password, with its salt and its cost, as text."""
    return _HASHER.hash(password)


def verify_password(password_hash: str, password: str) -> bool:
    """Return whether the hash was made of this password; an unreadable hash matches none."""
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(password_hash: str) -> bool:
    """Return whether the hash was made at another cost than that of today."""
    return _HASHER.check_needs_rehash(password_hash)
