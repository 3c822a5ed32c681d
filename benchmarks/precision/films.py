"""The film that is watched: a moving pattern with a tone, made once by `ffmpeg`, and served."""

import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from uvicorn import Config, Server

from benchmarks.report import progress

SECONDS = 300
_CODECS = {
    "webm": ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"],
    "mp4": ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"],
}  # fmt: skip
_EVERY = ["-b:v", "150k", "-g", "60", "-movflags", "+faststart"]
_SOUND = {"webm": ["-c:a", "libopus", "-b:a", "32k"], "mp4": ["-c:a", "aac", "-b:a", "64k"]}


def folder() -> Path:
    """Return where films are kept from one run to the next."""
    return Path(tempfile.gettempdir()) / "bunga-precision"


def make(kind: str, seconds: int = SECONDS) -> tuple[str, str]:
    """Return the names, in the folder, of a film with sound and of the same one without."""
    folder().mkdir(exist_ok=True)
    names = f"film-{seconds}.{kind}", f"film-{seconds}-silent.{kind}"
    pattern = ["-f", "lavfi", "-i", f"testsrc2=size=320x180:rate=30:duration={seconds}"]
    tone = ["-f", "lavfi", "-i", f"sine=frequency=440:beep_factor=2:duration={seconds}"]
    video, sound = [*_CODECS[kind], *_EVERY], _SOUND[kind]
    _once(names[0], [*pattern, *tone, *video, *sound])
    _once(names[1], ["-i", str(folder() / names[0]), "-an", "-c:v", "copy"])
    return names


def _once(name: str, options: list[str]) -> None:
    path = folder() / name
    if path.exists():
        return
    if shutil.which("ffmpeg") is None:
        sys.exit("Error: ffmpeg is needed to make the film that is watched.")
    progress(f"making {path}")
    unfinished = path.with_name(f"unfinished-{name}")
    subprocess.run(["ffmpeg", "-loglevel", "error", "-y", *options, str(unfinished)], check=True)
    unfinished.rename(path)


@asynccontextmanager
async def served(port: int) -> AsyncIterator[str]:
    """Serve the folder for the length of a block; its address ends with a slash."""
    app = Starlette(routes=[Mount("/", StaticFiles(directory=folder()))])
    server = Server(Config(app, "127.0.0.1", port, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not (server.started or serving.done()):  # noqa: ASYNC110 there is no event to wait for
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        await serving
