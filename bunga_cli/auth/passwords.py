"""Password hashes, by argon2id; those of Django, by PBKDF2, are read as well.

Clients make up long random passwords of their own, so the cost is set by what a storm of returning
clients may do to a small machine: the least that OWASP's password storage guide recommends.
All functions take some ten milliseconds of processor time and release the interpreter meanwhile;
a hash of Django's takes half a second, once, as it is replaced at the next login. Call them through
`asyncio.to_thread`.
"""

import base64
import hashlib
import hmac
import re

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 8
"""How many characters a password has at least that a person chooses."""

MAX_ITERATIONS = 10_000_000
"""Of PBKDF2, some five seconds; Django 6 has 1.2 million, and double that in a few years."""

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

# `django.contrib.auth.hashers.PBKDF2PasswordHasher`: algorithm, iterations, salt, and the SHA-256
# in base64.
_DJANGO = re.compile(r"pbkdf2_sha256\$([1-9][0-9]{0,7})\$([^$]+)\$([A-Za-z0-9+/]{43}=)")


def hash_password(password: str) -> str:
    """Return the hash of a password, with its salt and its cost, as text."""
    return _HASHER.hash(password)


def verify_password(password_hash: str, password: str) -> bool:
    """Return whether the hash was made of this password; an unreadable hash matches none."""
    if of_django := _parts_of_django(password_hash):
        return _is_django_hash_of(password, *of_django)
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False


def needs_rehash(password_hash: str) -> bool:
    """Return whether the hash was made at another cost than that of today, or in another way."""
    if _parts_of_django(password_hash):
        return True
    return _HASHER.check_needs_rehash(password_hash)


def is_readable(password_hash: str) -> bool:
    """Return whether there is a password that this may be the hash of."""
    if _parts_of_django(password_hash):
        return True
    try:
        extract_parameters(password_hash)
    except InvalidHashError:
        return False
    return True


def _parts_of_django(password_hash: str) -> tuple[int, bytes, bytes] | None:
    """Return iterations, salt and digest; None if it is no such hash, or one without end."""
    found = _DJANGO.fullmatch(password_hash)
    if found is None or int(found[1]) > MAX_ITERATIONS:
        return None
    return int(found[1]), found[2].encode(), base64.b64decode(found[3])


def _is_django_hash_of(password: str, iterations: int, salt: bytes, digest: bytes) -> bool:
    made = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    return hmac.compare_digest(made, digest)
