"""What can be set for the gallery."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

Folder = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]

LinkerId = Annotated[str, StringConstraints(max_length=200)]


class SiteSettings(BaseModel):
    """The gallery's settings, for the whole site."""

    timeout_s: float = Field(
        8, gt=0, le=60, description="How long one linker may take to answer, in seconds."
    )
    disabled_linkers: list[LinkerId] = Field(
        [], description="The ids of linkers that are not asked."
    )
    packages: list[str] = Field(
        [],
        description="Installed modules with linkers of the bunga-link kind, by name. They are "
        "imported at once; newer code of one that was imported before needs a restart.",
    )
    folders: list[Folder] = Field(
        [],
        description="Folders with linkers of the bunga-link kind, one in each .py file. They are "
        "imported at once, and run with the server's rights; files that change later are read "
        "again when this is set anew or the plugin starts.",
    )
    local_folders: list[Folder] = Field(
        [],
        description="Folders on this server whose videos the linker `local` offers. A video "
        "directly in one of them is a film; a folder in it is a series, its videos the episodes.",
    )
    max_files: int = Field(
        50_000,
        ge=1,
        le=1_000_000,
        description="How many entries of each local folder are looked at.",
    )
    link_hours: float = Field(
        12, gt=0, le=168, description="How long the address of a local video works, in hours."
    )
