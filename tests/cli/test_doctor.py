"""`bunga doctor`, as a person and as a program use it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bunga_cli.data_folder import DataFolder
from tests.backups import make_site
from tests.cli.conftest import Bunga, Terminal
from tests.doctor.kit import Authority, Proxy, running_proxy, without_upgrades
from tests.servers import Site, running_site


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return make_site(tmp_path / "bunga-data")


def test_a_site_that_is_well_is_no_failure(bunga: Bunga, folder: DataFolder) -> None:
    done = bunga("doctor", BUNGA_SERVER__PORT="0")

    assert done.returncode == 0, done.stdout
    assert "ok       database: It is whole" in done.stdout
    assert "warning  server: No server runs on" in done.stdout
    assert "         → Start it: bunga serve\n" in done.stdout
    assert "the arrows say what to do" in done.stderr


def test_what_does_not_work_is_a_failure(bunga: Bunga, tmp_path: Path) -> None:
    done = bunga("doctor")

    assert done.returncode == 1
    assert f"failure  data folder: There is no folder {tmp_path}/bunga-data." in done.stdout
    assert "2 failures" in done.stderr


def test_wrong_settings_are_a_failure_and_the_rest_is_looked_at(
    bunga: Bunga, folder: DataFolder, tmp_path: Path
) -> None:
    (tmp_path / "own.toml").write_text('[server]\nport = "many"\n')
    done = bunga("doctor", "--config", "own.toml")

    assert done.returncode == 1
    assert "failure  settings: " in done.stdout
    assert "own.toml" in done.stdout
    assert "ok       database" in done.stdout


def test_programs_are_told_in_json(bunga: Bunga, folder: DataFolder) -> None:
    done = bunga("doctor", "--json", BUNGA_SERVER__PORT="0")
    found = json.loads(done.stdout)

    assert done.stderr == ""
    assert {frozenset(one) for one in found} == {frozenset({"check", "state", "text", "advice"})}
    checks = {one["check"]: one["state"] for one in found}
    assert list(checks)[:4] == ["settings", "data folder", "database", "disk"]
    assert checks["database"] == "ok"
    assert checks["server"] == "warning"


def test_programs_are_told_of_failures_by_the_exit_code_too(bunga: Bunga) -> None:
    done = bunga("doctor", "--json")

    assert done.returncode == 1
    assert json.loads(done.stdout)[1]["state"] == "failure"


def test_nothing_is_asked_over_the_network_offline(bunga: Bunga, folder: DataFolder) -> None:
    environ = {"BUNGA_SERVER__PUBLIC_URL": "https://bunga.invalid", "BUNGA_SERVER__PORT": "0"}
    done = bunga("doctor", "--offline", **environ)
    assert done.returncode == 0
    assert "off      public address: Not looked at, as --offline says." in done.stdout

    done = bunga("doctor", **environ)
    assert done.returncode == 1
    assert "bunga.invalid leads nowhere" in done.stdout


def test_a_terminal_gets_lines_that_fit(terminal: Terminal, folder: DataFolder) -> None:
    _, shown = terminal("doctor", BUNGA_SERVER__PORT="0")

    assert "database: It is whole" in shown
    assert all(len(line) <= 80 for line in shown.splitlines() if "/" not in line)


def test_the_way_of_a_player_is_gone_through_a_proxy_with_a_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with running_site(tmp_path / "data") as site:
        url = urlsplit(site.url)
        proxy = Proxy((url.hostname or "", url.port or 0), authority.context("127.0.0.1"))
        with running_proxy(proxy):
            public_url = f"https://127.0.0.1:{proxy.port}"
            site.bunga("config", "set", "server.public_url", public_url)
            well = doctor(site, authority)
            proxy.habit = without_upgrades
            ill = doctor(site, authority)

    assert [one for one in well if one["state"] == "failure"] == []
    states = {one["check"]: one["state"] for one in well}
    assert [states[name] for name in ("certificate", "public HTTP", "WebSocket")] == ["ok"] * 3
    assert [one["check"] for one in ill if one["state"] == "failure"] == ["WebSocket"]


def doctor(site: Site, authority: Authority) -> list[dict[str, str]]:
    done = subprocess.run(
        [sys.executable, "-m", "bunga_cli", "doctor", "--json", "--data", str(site.data)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "SSL_CERT_FILE": str(authority.file)},
    )
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found


def test_the_redis_of_an_original_server_is_looked_at_where_it_is_named(
    bunga: Bunga, folder: DataFolder
) -> None:
    done = bunga("doctor", "--redis", "redis://127.0.0.1:1", "--json", BUNGA_SERVER__PORT="0")
    [*_, last] = json.loads(done.stdout)

    assert done.returncode == 1
    assert (last["check"], last["state"]) == ("redis", "failure")
    assert last["text"].startswith("The Redis on 127.0.0.1 cannot be read: ")
