"""`bunga secret`, on a running server and without one."""

import json
from pathlib import Path

import httpx2

from bunga_cli.data_folder import DataFolder
from tests.cli.conftest import Terminal
from tests.servers import running_site


def test_tokens_outlive_a_rotation_with_and_without_a_server(tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "data")
    with running_site(data.path) as site:
        secrets = [data.read_keyring().current]
        token = site.register("lobby", "ann")["token"]["access"]
        rotated = json.loads(site.bunga("secret", "rotate", "--json").stdout)
        secrets.append(data.read_keyring().current)
        answer = {"token": token}
        alive = httpx2.post(f"{site.url}/api/token/verify/", data=answer)
        site.stop()
        offline = site.bunga("secret", "rotate", "--overlap", "2d")
        secrets.append(data.read_keyring().current)
        site.start()
        restarted = httpx2.post(f"{site.url}/api/token/verify/", data=answer)
        site.bunga("secret", "rotate", "--overlap", "0s", "--yes")
        over = httpx2.post(f"{site.url}/api/token/verify/", data=answer)

    assert set(rotated) == {"overlap_until", "closed"}
    assert [alive.status_code, restarted.status_code, over.status_code] == [200, 200, 401]
    assert len(set(secrets)) == 3
    assert "The secret is new; tokens signed before are good until 20" in offline.stderr
    assert len((data.path / "secret").read_text().splitlines()) == 1


def test_a_secret_is_not_rotated_under_a_server_that_does_not_answer(tmp_path: Path) -> None:
    with running_site(tmp_path / "data") as site:
        (site.data / "run.json").unlink()
        secret = site.secret
        done = site.bunga("secret", "rotate", check=False)
        (site.data / "run.json").touch()
    assert (done.returncode, site.secret) == (1, secret)
    assert "already serves" in done.stderr


def test_everybody_is_thrown_out_only_after_a_yes(tmp_path: Path, terminal: Terminal) -> None:
    with running_site(tmp_path / "data") as site:
        secret = site.secret
        command = ("secret", "rotate", "--overlap", "0s", "--data", str(site.data))
        piped = site.bunga(*command[:4], check=False)
        code, told = terminal(*command, typed="n\n")
    assert (piped.returncode, code, site.secret) == (1, 1, secret)
    assert "nobody to ask; use --yes" in piped.stderr
    assert "Everybody is disconnected" in told
