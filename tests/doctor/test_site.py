"""Settings, server, plugins, channels, as the doctor finds them."""

import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bunga_cli import __version__
from bunga_cli.data_folder import DataFolder, RunningServer
from bunga_cli.doctor import Case, Finding
from bunga_cli.doctor import site as checks
from bunga_cli.doctor.case import Place
from bunga_cli.doctor.server import Server
from bunga_cli.errors import ServerUnreachable
from tests.backups import make_site
from tests.servers import Site

HERE = Place("127.0.0.1", 0, "", 100)
THIS = RunningServer(os.getpid(), Path("/no/socket"), "http://127.0.0.1:8000/")
SEEN = {"version": __version__, "instance": "ours"}


class Told(Server):
    """A running server that says what a test tells it to."""

    answers: Mapping[str, Any]

    def get(self, path: str, timeout_s: float = 0) -> dict[str, Any]:
        if path not in self.answers:
            raise ServerUnreachable("The server did not answer: no.")
        return {path.rpartition("/")[2]: self.answers[path]}


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(make_site(tmp_path / "site"), Server("stopped"), HERE)


def told(case: Case, url: str = THIS.url, **answers: Any) -> Case:
    server = Told("running", replace(THIS, url=url), SEEN, 3)
    object.__setattr__(
        server, "answers", {f"/api/v1/{name}": answer for name, answer in answers.items()}
    )
    return replace(case, server=server)


def only(check: Callable[[Case], Iterator[Finding]], case: Case) -> Finding:
    [found] = check(case)
    return found


# -- settings -------------------------------------------------------------------------------------


def test_settings_are_looked_at_as_the_next_start_will(case: Case, tmp_path: Path) -> None:
    assert only(checks.check_settings, case).state == "ok"

    config = tmp_path / "bunga.toml"
    config.write_text('[sync]\nmax_wiat = "20s"\n[server]\nport = -1\n')
    found = list(checks.check_settings(replace(case, config=config)))
    assert [one.state for one in found] == ["failure", "failure"]
    assert "did you mean" in "".join(one.text for one in found)
    assert all("bunga config check" in one.advice for one in found)


def test_settings_of_a_plugin_that_is_not_there_are_told(case: Case) -> None:
    case.data.auto_settings.write_text("[plugins.galery]\nfolders = []\n")
    found = only(checks.check_settings, case)

    assert found.state == "failure"
    assert "did you mean plugins.gallery" in found.text


# -- server ---------------------------------------------------------------------------------------


def test_a_running_server_is_known_by_what_it_says(site: Site) -> None:
    running = Case.open(DataFolder(site.data))

    assert only(checks.check_server, running).state == "ok"
    assert f"Version {__version__}" in only(checks.check_server, running).text
    assert only(checks.check_port, running).state == "ok"
    assert site.url.rpartition(":")[2] in only(checks.check_port, running).text


def test_a_server_that_was_stopped_is_a_warning(case: Case) -> None:
    assert only(checks.check_server, Case.open(case.data)).state == "warning"


def test_a_server_that_was_killed_is_a_failure(case: Case) -> None:
    run = {"pid": 1, "socket": str(case.data.path / "bunga.sock"), "url": "http://x/"}
    (case.data.path / "run.json").write_text(json.dumps(run))
    found = only(checks.check_server, Case.open(case.data))

    assert found.state == "failure"
    assert "without a goodbye" in found.text


def test_a_server_that_answers_nothing_is_a_failure(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bunga_cli.doctor.server._TIMEOUT_S", 0.1)
    with (
        case.data.control_socket() as path,
        case.data.announced(path, "http://x/"),
        socket.socket(socket.AF_UNIX) as listener,
    ):
        listener.bind(str(path))
        listener.listen(1)
        found = only(checks.check_server, Case.open(case.data))

    assert found.state == "failure"
    assert "does not answer" in found.text


def test_an_unreadable_announcement_is_a_failure(case: Case) -> None:
    (case.data.path / "run.json").write_text("{")

    assert only(checks.check_server, Case.open(case.data)).state == "failure"


def test_a_server_of_another_version_is_a_warning(case: Case) -> None:
    other = replace(told(case).server, seen={"version": "0.0.1"})
    found = only(checks.check_server, replace(case, server=other))

    assert found.state == "warning"
    assert "0.0.1" in found.text


# -- port -----------------------------------------------------------------------------------------


def test_without_a_server_the_port_should_be_free(case: Case) -> None:
    assert only(checks.check_port, case).state == "ok"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = replace(HERE, port=listener.getsockname()[1])
        found = only(checks.check_port, replace(case, place=taken))

    assert found.state == "failure"
    assert "in use" in found.text
    assert "server.port" in found.advice


def test_a_running_server_whose_port_cannot_be_reached_is_a_failure(case: Case) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    found = only(checks.check_port, told(case, url))

    assert found.state == "failure"
    assert "firewall" in found.advice


def test_behind_a_proxy_the_port_is_that_of_the_settings(case: Case) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        place = Place("0.0.0.0", port, "https://bunga.example.org", 100)
        behind = replace(told(case, "https://bunga.example.org/"), place=place)
        assert only(checks.check_port, behind).state == "ok"

    pending = replace(place, pending=frozenset({"server.port"}))
    assert only(checks.check_port, replace(behind, place=pending)).state == "off"


def test_settings_that_are_not_valid_leave_the_port_alone(case: Case) -> None:
    assert only(checks.check_port, replace(case, place=None)).state == "off"


# -- plugins --------------------------------------------------------------------------------------


def plugin(name: str, state: str = "active", reason: str = "", **checks: str) -> dict[str, Any]:
    rows = [
        {"name": check, "state": said, "text": f"It is {said}."} for check, said in checks.items()
    ]
    return {"name": name, "state": state, "reason": reason, "checks": rows}


def test_every_plugin_and_each_of_its_checks_is_told(case: Case) -> None:
    plugins = [
        plugin("good"),
        plugin("ill", login="failure", disk="ok", quota="warning", more="off"),
        plugin("broken", state="failed", reason="It cannot be imported."),
        plugin("unused", state="disabled", login="failure"),
        plugin("limping", reason="bunga_routes: it raised."),
    ]
    found = [(one.check, one.state) for one in checks.check_plugins(told(case, plugins=plugins))]

    assert found == [
        ("plugin good", "ok"),
        ("plugin ill: login", "failure"),
        ("plugin ill: disk", "ok"),
        ("plugin ill: quota", "warning"),
        ("plugin ill: more", "off"),
        ("plugin broken", "failure"),
        ("plugin unused", "off"),
        ("plugin limping", "warning"),
    ]


def test_plugins_that_nobody_tells_of_are_a_failure(case: Case) -> None:
    assert only(checks.check_plugins, told(case)).state == "failure"
    assert only(checks.check_plugins, case).state == "off"
    assert only(checks.check_plugins, told(case, plugins=[])).state == "off"


# -- who may come in ------------------------------------------------------------------------------

OPEN = [{"id": "lobby", "allow_new_client": True}, {"id": "kino", "allow_new_client": False}]
CLOSED = [{"id": "kino", "allow_new_client": False}]


@pytest.mark.parametrize(
    ("url", "is_public"),
    [
        ("https://bunga.example.org", True),
        ("http://8.8.8.8:8000", True),
        ("http://[2606:4700::1111]:8000", True),
        ("http://192.168.1.5:8000", False),
        ("http://127.0.0.1:8000", False),
        ("http://[::1]:8000", False),
        ("http://100.64.0.1:8000", False),
        ("http://nas.lan:8000", False),
        ("http://nas:8000", False),
        ("http://localhost:8000", False),
        ("https://films.home.arpa", False),
    ],
)
def test_open_channels_are_a_warning_where_strangers_come_by(
    case: Case, url: str, is_public: bool
) -> None:
    said = replace(told(case, channels=OPEN), place=replace(HERE, public_url=url))
    listening = told(case, f"{url}/", channels=OPEN)

    for one in (said, listening):
        found = only(checks.check_channels, one)
        assert found.state == ("warning" if is_public else "ok")
        assert ("allow_new_client no" in found.advice) is is_public


def test_closed_channels_are_fine_everywhere(case: Case) -> None:
    assert only(checks.check_channels, told(case, "http://8.8.8.8/", channels=CLOSED)).state == "ok"
    assert only(checks.check_channels, case).state == "off"


def test_no_admin_is_a_hint(case: Case) -> None:
    none = only(checks.check_admins, told(case, admins=[]))
    assert (none.state, "bunga admins create" in none.advice) == ("ok", True)
    assert only(checks.check_admins, told(case, admins=[{"username": "ann"}])).advice == ""
    assert only(checks.check_admins, case).state == "off"
