"""What plugins put into addresses, and who can read it."""

from datetime import timedelta

import pytest

from bunga_cli.clock import utc_now
from bunga_cli.errors import Forbidden
from bunga_cli.keyring import Keyring
from bunga_cli.plugin.signing import Signer

OLD, NEW = "o" * 40, "n" * 40


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "\ud800"])
def test_what_was_not_signed_here_is_refused(token: str) -> None:
    with pytest.raises(Forbidden, match="not made here"):
        Signer(lambda: Keyring(OLD), "alist").verify(token)


def test_no_plugin_reads_what_another_one_signed() -> None:
    token = Signer(lambda: Keyring(OLD), "alist").sign({"path": "/a"}, 60)
    assert Signer(lambda: Keyring(OLD), "alist").verify(token) == {"path": "/a"}
    with pytest.raises(Forbidden, match="not made here"):
        Signer(lambda: Keyring(OLD), "agora").verify(token)


def test_an_address_that_is_too_old_says_so() -> None:
    signer = Signer(lambda: Keyring(OLD), "alist")
    with pytest.raises(Forbidden, match="too old"):
        signer.verify(signer.sign({}, -60))


def test_an_address_outlives_a_rotation_as_long_as_the_old_secret_is_believed() -> None:
    keyring = Keyring(OLD)
    signer = Signer(lambda: keyring, "alist")
    token = signer.sign({"path": "/a"}, 600)
    now = utc_now()

    keyring = Keyring(OLD).rotated(NEW, now + timedelta(minutes=1), now)
    assert signer.verify(token) == {"path": "/a"}
    assert Signer(lambda: Keyring(NEW), "alist").verify(signer.sign({"x": 1}, 60)) == {"x": 1}
    keyring = Keyring(NEW)
    with pytest.raises(Forbidden, match="not made here"):
        signer.verify(token)
