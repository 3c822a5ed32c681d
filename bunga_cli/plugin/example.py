"""The plugins' part of `bunga.example.toml`, made from the models of the bundled plugins."""

import json
import textwrap
from pathlib import Path

from bunga_cli.plugin.discovery import BUNDLED, discover
from bunga_cli.plugin.loading import load
from bunga_cli.plugin.site_settings import views
from bunga_cli.settings.keys import ENABLED


def example_tables() -> str:
    """Return a table for each bundled plugin, every key with its help and its default."""
    bundled = [found for found in discover(Path()) if found.source == BUNDLED]
    lines = [
        "",
        "# Each plugin has a table of its own; `bunga plugins info NAME` shows the others.",
        "# In the environment, a list has commas: BUNGA_PLUGINS__GALLERY__FOLDERS=/one,/another.",
    ]
    for found in bundled:
        lines += ["", f"[plugins.{found.name}]", "", "# Whether it is used."]
        lines += [f"# {ENABLED} = true"]
        model = load(found).models.site
        for field in views(model()) if model else ():
            lines += ["", *_comment(field.description)]
            lines += [f"# {field.name} = {json.dumps(field.default)}"]
    return "\n".join(lines) + "\n"


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, 98, initial_indent="# ", subsequent_indent="# ")
