"""What AList and OpenList answer, as far as we use it; they may add what they like.

What is shown to people and written to logs is cut as it enters; names and paths are kept as they
are, since AList is asked with them.

Shapes: https://alistgo.com/guide/api/ and https://fox.oplist.org/
"""

from functools import reduce
from operator import or_
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints

from bunga_cli.plugin import one_line

T = TypeVar("T")

PERMISSIONS = (
    "see hidden files",
    "open protected folders",
    "download offline",
    "upload",
    "rename",
    "move",
    "copy",
    "delete",
    "read by WebDAV",
    "write by WebDAV",
    "read by FTP",
    "write by FTP",
    "look into archives",
    "unpack archives",
)
"""What the bits of a permission stand for, from the lowest."""

ADMIN_ROLE = 2
ADMIN_ROLE_NAME = "admin"
MAX_TOKEN_CHARACTERS = 4096


class Answer(BaseModel):
    """The base of all answers."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def _none_is_empty(value: object) -> object:
    return [] if value is None else value  # Go's name for a list with nothing in it


def _listed(value: object) -> object:
    value = _none_is_empty(value)
    return value if isinstance(value, list) else [value]


Many = Annotated[list[T], BeforeValidator(_none_is_empty)]
OneOrMany = Annotated[list[T], BeforeValidator(_listed)]
Shown = Annotated[str, AfterValidator(one_line)]
Token = Annotated[str, StringConstraints(max_length=MAX_TOKEN_CHARACTERS, pattern=r"^[!-~]+$")]
"""What a header can hold."""


class Envelope(Answer):
    """What is around every answer: `code` is the real status."""

    code: int
    message: Shown = ""
    data: object = None


class Site(Answer):
    """The public settings of a server."""

    site_title: Shown = ""
    version: Shown = ""
    logo: Shown = ""


class Login(Answer):
    """The token of somebody who logged in."""

    token: Token


class Scope(Answer):
    """What may be done below a path, as a bit set."""

    path: str = ""
    permission: int = 0


class User(Answer):
    """Who a token belongs to.

    A server has one number as `role`, or, since AList 3.46, several with names and with
    permissions by path.
    """

    username: Shown = ""
    base_path: str = "/"
    role: OneOrMany[int | str] = []
    role_names: Many[str] = []
    permission: int = 0
    permissions: Many[Scope] = []

    @property
    def is_admin(self) -> bool:
        """Whether one of the roles is the administrator's."""
        return ADMIN_ROLE in self.role or ADMIN_ROLE_NAME in [*self.role, *self.role_names]

    @property
    def effective_permission(self) -> int:
        """What the user may do somewhere: the permissions of all its scopes together."""
        return reduce(or_, (scope.permission for scope in self.permissions), self.permission)


def in_words(permission: int) -> str:
    """Return what a bit set of permissions allows beside watching."""
    allowed = [words for bit, words in enumerate(PERMISSIONS) if permission >> bit & 1]
    return ", ".join(allowed) or "only watch"


class Entry(Answer):
    """A file or a folder in a listing."""

    name: str
    is_dir: bool = False
    size: int = 0
    modified: str = ""
    thumb: str = ""


class Listing(Answer):
    """A page of a folder's entries, and how many there are on all pages."""

    content: Many[Entry] = []
    total: int = 0


class File(Entry):
    """One file or folder, and where its bytes are; a folder has no `raw_url`."""

    sign: str = ""
    raw_url: str = ""


class Hit(Answer):
    """A file or a folder that a search found, and the folder it is in."""

    parent: str
    name: str
    is_dir: bool = False
    size: int = 0


class Hits(Answer):
    """What a search found."""

    content: Many[Hit] = []
