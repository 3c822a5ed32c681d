"""What a server tells of a plugin, and plugins that lie in the data folder."""

from bunga_cli.data_folder import DataFolder

ALIST = {
    "name": "alist",
    "version": "1.0",
    "source": "bunga-server",
    "state": "active",
    "reason": "",
    "hooks": ["bunga_commands", "bunga_settings"],
}
CHECK = {"name": "AList", "state": "ok", "text": "It answers.", "details": {}}
HOST = {
    "name": "host",
    "description": "The server.",
    "value": "http://h",
    "default": "",
    "is_secret": False,
}
SETTINGS = {
    "settings": [HOST],
    "channel_settings": [{**HOST, "name": "password", "value": "**********", "is_secret": True}],
    "problem": "",
}


def write_plugin(data: DataFolder, source: str) -> None:
    folder = data.path / "plugins"
    folder.mkdir()
    (folder / "greet.py").write_text(source)
