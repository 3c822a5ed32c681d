"""What the console calls the deeds of the audit log."""

from bunga_cli.api.audit import SIGN_IN_FAILED, SIGNED_IN
from bunga_cli.api.deeds import DEEDS
from bunga_cli.web.console.audit_log import KINDS
from bunga_cli.web.rendering import _environment

ACTIONS = {*(deed.action for deed in DEEDS.values()), SIGNED_IN, SIGN_IN_FAILED}


def test_every_action_has_words() -> None:
    words = _environment("en").get_template("parts/audit.html").module
    assert {*words.DEEDS} == ACTIONS  # type: ignore[attr-defined]  # the template sets it


def test_every_action_is_of_a_kind_that_can_be_chosen() -> None:
    assert not [action for action in ACTIONS if not action.startswith(KINDS)]
    assert not [kind for kind in KINDS if not any(one.startswith(kind) for one in ACTIONS)]
