"""What can be set for the gallery."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

Folder = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]


class SiteSettings(BaseModel):
    """The gallery's settings, for the whole site."""

    timeout_s: float = Field(
        8, gt=0, le=60, description="How long one linker may take to answer, in seconds."
    )
    disabled_linkers: list[str] = Field([], description="The ids of linkers that are not asked.")
    packages: list[str] = Field(
        [],
        description="Installed modules with linkers of the bunga-link kind, by name. "
        "They are imported when the plugin starts.",
    )
    folders: list[Folder] = Field(
        [],
        description="Folders with linkers of the bunga-link kind, one in each .py file. "
        "They are imported when the plugin starts, and run with the server's rights.",
    )
    local_folders: list[Folder] = Field(
        [], description="Folders on this server whose videos the linker `local` offers."
    )
    max_files: int = Field(
        50_000, ge=1, description="How many entries of the local folders are looked at."
    )
    link_hours: float = Field(
        12, gt=0, le=168, description="How long the address of a local video works, in hours."
    )
