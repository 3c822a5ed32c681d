"""The languages of the pages: English, in which they are written, and Chinese.

Translations are gettext catalogues, `locale/<language>/LC_MESSAGES/bunga.po`, read as they are when
a language is first asked for. `python -m scripts.messages` collects what there is to translate.
"""

from functools import cache
from importlib.resources import files
from io import BytesIO

from babel import Locale, negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from starlette.requests import Request

LANGUAGES = {"en": "English", "zh": "中文"}
COOKIE = "bunga_language"
_LOCALES = files(__package__) / "locale"
_MOST_OFFERS = 20


def language_of(request: Request) -> str:
    """Return the language to answer in: as chosen on a page, or else as the browser is set."""
    chosen = request.cookies.get(COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    wanted = _wanted(request.headers.get("accept-language", ""))
    return negotiate_locale(wanted, [*LANGUAGES], sep="-") or "en"


@cache
def translations(language: str) -> NullTranslations:
    """Return the catalogue of a language of `LANGUAGES`."""
    if language == "en":
        return NullTranslations()
    path = _LOCALES / language / "LC_MESSAGES" / "bunga.po"
    with path.open("rb") as file:
        catalogue = read_po(file, locale=Locale.parse(language))
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def marked(message: str) -> str:
    """Return a text as it is; the mark lets it be found, to be translated where it is shown."""
    return message


def _wanted(header: str) -> list[str]:
    """Return the languages of an `Accept-Language` header, the dearest first."""
    offers = []
    for number, offer in enumerate(header.split(",")[:_MOST_OFFERS]):
        name, _, quality = offer.strip().partition(";q=")
        offers.append((-_number(quality), number, name.strip()))
    return [name for weight, _, name in sorted(offers) if weight < 0]


def _number(quality: str) -> float:
    try:
        return float(quality or 1)
    except ValueError:
        return 0
