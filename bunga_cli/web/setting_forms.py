"""Forms made from settings, of the site and of plugins, and what was changed in one.

A form shows all of its settings; `parts/settings.html` draws them. A secret is never in it: left
empty, the one that is kept stays.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import BaseModel
from starlette.requests import Request

from bunga_cli.api.v1.plugins import Setting
from bunga_cli.configuration.rows import SettingRow
from bunga_cli.errors import BungaError, SettingsError
from bunga_cli.settings.keys import Kind, as_text, kind_of, plugin_key
from bunga_cli.web.forms import WHOLE
from bunga_cli.web.languages import marked
from bunga_cli.web.rendering import translate

_FORM = "set."
_RESET = "reset."
_LONG = 60
"""A longer text gets a field of several lines."""
_SAME_IN_CAPITALS = ("api", "css", "html", "http", "https", "id", "ip", "qr", "tls", "url")
_SPELLED = {word: word.upper() for word in _SAME_IN_CAPITALS} | {"macos": "macOS", "ios": "iOS"}
_LOCKED = marked("Set by {where}; change it there.")
_RESTART = marked("A change counts after a restart.")
_PENDING = marked("The server still goes by the earlier value: restart it.")
_COMMAND_LINE = marked("the command line")

_READERS: Mapping[Kind, Callable[[str], object]] = {"count": int, "number": float}


@dataclass(frozen=True, slots=True)
class SettingField:
    """A setting as a form shows it.

    `name` is what a change of it is called, `key` what its problems begin with. `text` is its value
    as a person writes it, empty for a secret; `is_on` is a switch's. `locked` says why it cannot be
    changed here, `note` what else there is to know, `problem` why its value cannot be used. Only
    what `is_kept_here` can go back; `reset_text` says to what, if that is not the default.
    """

    name: str
    key: str
    label: str
    kind: Kind
    text: str
    default: object
    help: str = ""
    choices: tuple[str, ...] = ()
    is_on: bool = False
    is_secret: bool = False
    is_set: bool = False
    is_changed: bool = False
    origin: str = ""
    locked: str = ""
    note: str = ""
    problem: str = ""
    is_kept_here: bool = True
    reset_text: str = ""
    wants_reset: bool = False

    @property
    def form_name(self) -> str:
        """What it is called in a form, and in the form's problems."""
        return f"{_FORM}{self.key}"

    @property
    def reset_name(self) -> str:
        """What the tick is called that goes back to the default."""
        return f"{_RESET}{self.key}"

    @property
    def default_text(self) -> str:
        """The default as a person writes it."""
        return as_text(self.default)

    @property
    def rows(self) -> int:
        """How many lines its field has; 0: it has no lines."""
        is_long = self.kind == "table" or len(self.text) > _LONG or "\n" in self.text
        return min(3 + self.text.count("\n"), 12) if is_long else 0

    @property
    def options(self) -> list[tuple[str, str]]:
        """What there is to choose, as pairs of a value and its text; what is set is among them."""
        strange = [] if self.text in self.choices else [self.text]
        return [(choice, choice or "\N{EN DASH}") for choice in (*strange, *self.choices)]

    @property
    def can_reset(self) -> bool:
        """Whether there is a tick to go back to the default; a switch is one itself."""
        is_away = self.is_set if self.is_secret else self.is_changed
        return is_away and self.is_kept_here and not self.locked and self.kind != "switch"


def field_of_row(row: SettingRow, request: Request) -> SettingField:
    """Return one of the site's settings as a form shows it; a change is called by its key."""
    notes = (_RESTART if row.needs_restart else "", _PENDING if row.pending_restart else "")
    where = translate(request, _COMMAND_LINE) if row.fixed_by == "command line" else row.fixed_by
    return SettingField(
        name=row.key,
        key=row.key,
        label=_said(request, label_of(row.key)),
        kind=row.kind,  # type: ignore[arg-type]  # it is one of the kinds, which a row does not say
        text="" if row.is_secret else row.text,
        default=row.default,
        help=_said(request, row.help),
        choices=row.choices,
        is_on=row.value is True,
        is_secret=row.is_secret,
        is_set=bool(row.value),
        is_changed=row.is_changed,
        origin=row.origin if row.is_changed else "",
        locked=translate(request, _LOCKED, where=where) if where else "",
        note=" ".join(_said(request, note) for note in notes if note),
        problem=row.problem,
    )


def fields_of_plugin(
    plugin: str, settings: Iterable[Setting], model: type[BaseModel] | None, request: Request
) -> list[SettingField]:
    """Return a plugin's settings, of a channel say, as a form shows them; a change has a name."""
    known = model.model_fields if model else {}
    return [
        _field(plugin, one, *kind_of(known[one.name].annotation), request)
        for one in settings
        if one.name in known
    ]


def changes_of(fields: Iterable[SettingField], form: Mapping[str, str]) -> dict[str, object]:
    """Return what differs in a form from what is set, by name; None goes back to the default."""
    changes: dict[str, object] = {}
    for field in fields:
        typed = form.get(field.form_name)
        if field.locked:
            continue
        if form.get(field.reset_name):
            changes[field.name] = None
        elif field.is_secret:
            changes |= {field.name: typed} if typed else {}
        elif field.kind == "switch":
            changes |= {field.name: typed is not None} if (typed is not None) != field.is_on else {}
        elif typed is not None and _lines(typed) != _lines(field.text):
            changes[field.name] = _value(field, _lines(typed))
    return changes


def as_typed(fields: Iterable[SettingField], form: Mapping[str, str]) -> list[SettingField]:
    """Return the fields with what was typed, to be shown again; but no secret is."""
    return [field if field.locked else _as_typed(field, form) for field in fields]


def setting_problems(error: BungaError, fields: Sequence[SettingField]) -> dict[str, str]:
    """Return what is wrong, by the fields' names in the form."""
    problems: dict[str, str] = {}
    for problem in error.problems if isinstance(error, SettingsError) else (str(error),):
        name, text = _whose(problem, fields)
        problems[name] = f"{problems[name]} {text}" if name in problems else text
    return problems


def label_of(key: str) -> str:
    """Return what a setting is called in a form: `site.public_url` is `Public URL`.

    That it is in seconds, which a last `_s` says, its help says better.
    """
    first, *others = key.rpartition(".")[2].removesuffix("_s").split("_")
    beginning = _SPELLED.get(first, first[:1].upper() + first[1:])
    return " ".join([beginning, *(_SPELLED.get(word, word) for word in others)])


def _field(
    plugin: str, setting: Setting, kind: Kind, choices: tuple[str, ...], request: Request
) -> SettingField:
    return SettingField(
        name=setting.name,
        key=plugin_key(plugin, setting.name),
        label=_said(request, label_of(setting.name)),
        kind=kind,
        text="" if setting.is_secret else as_text(setting.value),
        default=None if setting.is_secret else setting.default,
        help=_said(request, setting.description),
        choices=choices,
        is_on=setting.value is True,
        is_secret=setting.is_secret,
        is_set=bool(setting.value),
        is_changed=setting.value != setting.default,
    )


def _as_typed(field: SettingField, form: Mapping[str, str]) -> SettingField:
    typed, wants_reset = form.get(field.form_name), bool(form.get(field.reset_name))
    text = field.text if field.is_secret or typed is None else _lines(typed)
    return replace(field, text=text, is_on=typed is not None, wants_reset=wants_reset)


def _value(field: SettingField, text: str) -> object:
    """Return what was typed as a value; whatever cannot be read is refused where it is checked."""
    if not text:
        return _nothing(field)
    try:
        return _READERS.get(field.kind, str)(text)
    except ValueError:
        return text


def _nothing(field: SettingField) -> object:
    """Return what an emptied field means: an empty text or list, else the default."""
    if field.kind == "list":
        return []
    return "" if field.kind == "text" and isinstance(field.default, str) else None


def _whose(problem: str, fields: Iterable[SettingField]) -> tuple[str, str]:
    """Return the field that a sentence is about, and the sentence without its name."""
    for field in fields:
        about = re.match(rf"{re.escape(field.key)}(?=[:. ])(: )?", problem)
        if about:
            text = problem[about.end() :] if about[1] else problem
            return field.form_name, text[:1].upper() + text[1:]
    return WHOLE, problem


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _said(request: Request, text: str) -> str:
    return translate(request, text) if text else ""
