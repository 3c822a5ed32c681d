"""The address of the page that allows a cookie to be renewed.

It is the encrypted time, so that only a recent request finds it.
Reference: https://github.com/SocialSisterYi/bilibili-API-collect/blob/master/docs/login/cookie_refresh.md
"""

import re
from typing import Final

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

BILIBILI_KEY: Final = """\
-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDLgd2OAkcGVtoE3ThUREbio0Eg
Uc/prcajMKXvkCKFCWhJYJcLkcM2DKKcSeFpD/j6Boy538YXnR6VhcuUJOhH2x71
nzPjfdTcqMz7djHum0qSZA0AyCBDABUqCrfNgCiJ00Ra7GmRj+YCK1NJEuewlb40
JNrRuoEUXpabUzGB8QIDAQAB
-----END PUBLIC KEY-----
"""
"""What Bilibili's own page encrypts with."""

_REFRESH_CSRF: Final = re.compile(
    r"""<div\s+id=["']?1-name["']?\s*>\s*([!-;=-~]{1,200})\s*</div>"""
)


def correspond_path(timestamp_ms: int, public_key: str = BILIBILI_KEY) -> str:
    """Return the last part of the page's address at this time, which Bilibili's clock judges."""
    key = load_pem_public_key(public_key.encode())
    if not isinstance(key, RSAPublicKey):
        raise TypeError("The public key must be an RSA key.")
    padding = OAEP(mgf=MGF1(algorithm=SHA256()), algorithm=SHA256(), label=None)
    return key.encrypt(f"refresh_{timestamp_ms}".encode(), padding).hex()


def refresh_csrf_in(page: str) -> str | None:
    """Return the token that the page carries, if it is that page."""
    found = _REFRESH_CSRF.search(page)
    return found and found[1]
