"""`bunga plugins` where no server runs."""

import json

import pytest

from bunga_cli.data_folder import DataFolder
from tests.cli.conftest import Bunga
from tests.cli.plugin_examples import write_plugin

ENDS_ALL = "import os\nos._exit(3)\n"

COUNTS = """
from pydantic import BaseModel, Field
from bunga_cli.plugin import PluginSettings, hookimpl

class Site(BaseModel):
    count: int = Field(0, description="How many.")

@hookimpl
def bunga_settings():
    return PluginSettings(site=Site)
"""


def test_a_plugin_that_ends_the_process_is_seen_and_disabled_without_a_server(
    bunga: Bunga, data: DataFolder
) -> None:
    write_plugin(data, ENDS_ALL)

    def state() -> str:
        listed = bunga("plugins", "list", "--json", "--data", str(data.path)).stdout
        [found] = (each for each in json.loads(listed) if each["name"] == "greet")
        shown = bunga("plugins", "info", "greet", "--json", "--data", str(data.path)).stdout
        assert json.loads(shown)["state"] == found["state"]
        return str(found["state"])

    before = state()
    disabled = bunga("plugins", "disable", "greet", "--data", str(data.path))
    between = state()
    enabled = bunga("plugins", "enable", "greet", "--data", str(data.path))
    assert (before, between, state()) == ("not running", "disabled", "not running")
    later = f"No server runs on {data.path}; the next one goes by it.\n"
    assert (disabled.returncode, disabled.stderr) == (0, f"The plugin greet is disabled. {later}")
    assert (enabled.returncode, enabled.stderr) == (0, f"The plugin greet is enabled. {later}")


@pytest.mark.parametrize("source", [ENDS_ALL, "import time\ntime.sleep(1000)", "not Python"])
def test_a_plugin_is_not_imported_to_be_switched_as_a_setting(
    bunga: Bunga, data: DataFolder, source: str
) -> None:
    write_plugin(data, source)
    key, folder = "plugins.greet.enabled", ("--data", str(data.path))
    disabled = bunga("config", "set", key, "no", *folder)
    shown = bunga("config", "get", key, *folder)
    assert (disabled.returncode, shown.returncode, shown.stdout) == (0, 0, "no\n")
    assert "enabled = false" in data.auto_settings.read_text()
    back = bunga("config", "unset", key, *folder)
    assert (back.returncode, "enabled" in data.auto_settings.read_text()) == (0, False)


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("plugins.gret.enabled", "no", "There is no plugin 'gret': did you mean greet?"),
        ("plugins.greet.enabled", "maybe", "plugins.greet.enabled: must be yes or no"),
    ],
)
def test_a_switch_of_no_plugin_or_to_no_state_is_refused(
    bunga: Bunga, data: DataFolder, key: str, value: str, why: str
) -> None:
    write_plugin(data, ENDS_ALL)
    done = bunga("config", "set", key, value, "--data", str(data.path))
    assert (done.returncode, why in done.stderr) == (1, True)
    assert not data.auto_settings.exists()


def test_what_is_set_without_a_server_is_checked_and_kept(bunga: Bunga, data: DataFolder) -> None:
    write_plugin(data, COUNTS)
    refused = bunga("plugins", "set", "greet", "count", "many", "--data", str(data.path))
    done = bunga("plugins", "set", "greet", "count", "-5", "--data", str(data.path))
    kept = bunga("config", "get", "plugins.greet.count", "--data", str(data.path))
    assert refused.returncode == 1
    assert "plugins.greet.count: must be a whole number" in refused.stderr
    assert done.stderr.startswith("plugins.greet.count is set. No server runs on ")
    assert (done.returncode, kept.stdout) == (0, "-5\n")


@pytest.mark.parametrize("command", ["info", "enable", "disable"])
def test_a_plugin_that_is_not_there_is_told_without_a_server(
    bunga: Bunga, data: DataFolder, command: str
) -> None:
    done = bunga("plugins", command, "galery", "--data", str(data.path))
    assert done.returncode == 1
    assert "There is no plugin 'galery': did you mean gallery?" in done.stderr


def test_settings_of_a_channel_are_known_only_to_a_server(bunga: Bunga, data: DataFolder) -> None:
    command = ("plugins", "info", "gallery", "--channel", "lobby")
    done = bunga(*command, "--data", str(data.path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: No server runs on ")
