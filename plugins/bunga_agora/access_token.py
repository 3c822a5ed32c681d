"""Agora's AccessToken2, the tokens that begin with "007", as far as a voice call needs them.

A token is the text "007" and the base64 of zlib-compressed bytes: a signature, then what is signed.
Numbers are little-endian; a string is its length in two bytes and its bytes. The signature is an
HMAC whose key is made of the certificate, the time of issue and a salt, so that one certificate
never signs twice with the same key.

Format: https://github.com/AgoraIO/Tools/tree/master/DynamicKey/AgoraDynamicKey. The packages that
make these tokens draw the salt themselves, which leaves nothing to compare; here time and salt are
arguments, and equal arguments give equal tokens.
"""

import base64
import hmac
import re
import struct
import zlib
from dataclasses import dataclass
from typing import Final

VERSION: Final = "007"
MAX_TOKEN_BYTES: Final = 8192

_RTC_SERVICE: Final = 1
_PUBLISHER_PRIVILEGES: Final = (1, 2, 3, 4)  # join the channel; send audio, video, data
_SIGNATURE: Final = struct.Struct("<H32s")
_TIMES: Final = struct.Struct("<IIIHHH")
_PRIVILEGE: Final = struct.Struct("<HI")
_KEY: Final = re.compile(r"[0-9a-fA-F]{32}", re.ASCII)


class BadToken(ValueError):
    """Report a text that is no token, or one that another certificate signed."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token says: this user may talk in this channel for so long."""

    app_id: str
    channel: str
    uid: int
    issued_at_s: int
    expires_in_s: int
    salt: int


def is_key(text: str) -> bool:
    """Tell whether the text has the form of an app id or a certificate: 32 hexadecimal digits."""
    return _KEY.fullmatch(text) is not None


def uid_of(account: str) -> int:
    """Return the number under which a client of this name joins a call: djb2 of its UTF-16 units.

    Clients compute it themselves; a token for any other number is of no use to them.
    """
    units = account.encode("utf-16-le", "surrogatepass")
    hashed = 5381
    for (unit,) in struct.iter_unpack("<H", units):
        hashed = (hashed * 33 + unit) & 0x7FFFFFFF
    return hashed


def pack(grant: Grant, certificate: str) -> str:
    """Return the token of a grant, signed with the app's certificate."""
    signed = _packed(grant)
    signature = _signature(grant, certificate, signed)
    payload = _SIGNATURE.pack(len(signature), signature) + signed
    return VERSION + base64.b64encode(zlib.compress(payload)).decode()


def parse(token: str, certificate: str) -> Grant:
    """Return what a token grants. Raises BadToken."""
    try:
        length, signature = _SIGNATURE.unpack_from(payload := _payload(token))
        grant = _grant(signed := payload[_SIGNATURE.size :])
    except (ValueError, struct.error, zlib.error) as error:
        raise BadToken(f"This is no token of Agora's: {error}") from error
    if length != len(signature) or signed != _packed(grant):
        raise BadToken("This token is not one for a voice call.")
    if not hmac.compare_digest(signature, _signature(grant, certificate, signed)):
        raise BadToken("This token was signed with another certificate.")
    return grant


def _packed(grant: Grant) -> bytes:
    times = _TIMES.pack(
        grant.issued_at_s,
        grant.expires_in_s,
        grant.salt,
        1,  # one service
        _RTC_SERVICE,
        len(_PUBLISHER_PRIVILEGES),
    )
    privileges = (_PRIVILEGE.pack(p, grant.expires_in_s) for p in _PUBLISHER_PRIVILEGES)
    uid = str(grant.uid) if grant.uid else ""  # 0 stands for any user
    parts = _string(grant.app_id), times, *privileges, _string(grant.channel), _string(uid)
    return b"".join(parts)


def _signature(grant: Grant, certificate: str, signed: bytes) -> bytes:
    key = hmac.digest(struct.pack("<I", grant.issued_at_s), certificate.encode(), "sha256")
    key = hmac.digest(struct.pack("<I", grant.salt), key, "sha256")
    return hmac.digest(key, signed, "sha256")


def _payload(token: str) -> bytes:
    if not token.startswith(VERSION):
        raise BadToken(f'it does not begin with "{VERSION}"')
    compressed = base64.b64decode(token.removeprefix(VERSION), validate=True)
    return zlib.decompressobj().decompress(compressed, MAX_TOKEN_BYTES)


def _grant(signed: bytes) -> Grant:
    app_id, at = _string_at(signed, 0)
    issued_at_s, expires_in_s, salt, *_ = _TIMES.unpack_from(signed, at)
    at += _TIMES.size + _PRIVILEGE.size * len(_PUBLISHER_PRIVILEGES)
    channel, at = _string_at(signed, at)
    uid, _ = _string_at(signed, at)
    return Grant(app_id, channel, int(uid or 0), issued_at_s, expires_in_s, salt)


def _string(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("<H", len(encoded)) + encoded


def _string_at(buffer: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<H", buffer, at)
    end = at + 2 + length
    return buffer[at + 2 : end].decode(), end
