"""Collect the texts of the pages into the catalogues: `python -m scripts.messages`.

What is new is added untranslated, what is gone is left out; translations stay. Texts are those of
the templates, of handlers (`translate(request, "…")`, `marked("…")`), and the names and meanings of
settings, of the core and of the bundled plugins.
"""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po
from pydantic import BaseModel

from bunga_cli.plugin.discovery import BUNDLED, discover
from bunga_cli.plugin.loading import load
from bunga_cli.plugin.site_settings import views
from bunga_cli.settings.keys import core_keys, sections
from bunga_cli.web.setting_forms import label_of

ROOT = Path(__file__).parents[1]
WEB = ROOT / "bunga_cli" / "web"
CATALOGUES = sorted((WEB / "locale").glob("*/LC_MESSAGES/bunga.po"))
# `translate` has the request before its text.
_KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "translate": (2,),
    "marked": None,
}
_HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""
_METHODS = [("**.py", "python"), ("**.html", "jinja2")]
_OPTIONS = {"**.html": {"trimmed": "true", "trim_blocks": "true", "lstrip_blocks": "true"}}


def collected() -> Catalog:
    """Return all texts there are, without translations."""
    catalogue = Catalog(project="Bunga Server", fuzzy=False)
    for message, place in _texts():
        catalogue.add(message, locations=[(place, 0)])
    return catalogue


def updated(path: Path) -> bytes:
    """Return a catalogue with the texts of now, and the translations that it has of them."""
    with path.open("rb") as file:
        old = read_po(file)
    new = collected()
    new.locale = old.locale
    for message in new:
        known = old.get(message.id) if message.id else None
        if known is not None:
            message.string = known.string
    written = BytesIO()
    write_po(written, new, width=100, sort_output=True, include_lineno=False, omit_header=True)
    return _HEADER.format(language=old.locale).encode() + written.getvalue()


def _texts() -> Iterator[tuple[str | tuple[str, ...], str]]:
    found = extract_from_dir(
        str(WEB), method_map=_METHODS, options_map=_OPTIONS, keywords=_KEYWORDS
    )
    for name, _, message, *_ in found:
        yield message, f"bunga_cli/web/{name}"
    yield from ((text, "bunga_cli/settings") for text in _core_texts() if text)
    yield from ((text, "plugins") for text in _plugin_texts() if text)


def _core_texts() -> Iterator[str]:
    """Yield how settings and their sections are called and explained."""
    for section in sections().values():
        yield section.__doc__ or ""
    for setting in core_keys().values():
        yield from (label_of(setting.key), setting.help)


def _plugin_texts() -> Iterator[str]:
    """Yield how the settings of the bundled plugins are called and explained."""
    for found in discover(Path()):
        models = load(found).models if found.source == BUNDLED else None
        for model in (models.site, models.channel) if models else ():
            yield from _model_texts(model) if model else ()


def _model_texts(model: type[BaseModel]) -> Iterator[str]:
    for field in views(model()):
        yield from (label_of(field.name), field.description)


def main() -> None:
    """Write the catalogues anew."""
    for path in CATALOGUES:
        path.write_bytes(updated(path))
        catalogue = read_po(path.open("rb"))
        missing = [message.id for message in catalogue if message.id and not message.string]
        where = path.relative_to(ROOT)
        sys.stdout.write(f"{where}: {len(catalogue)} texts, {len(missing)} missing\n")


if __name__ == "__main__":
    main()
