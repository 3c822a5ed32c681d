import asyncio
import sys
from pathlib import Path

from benchmarks.pages import PAGES

ROOT = Path(__file__).parents[2]
SMALL = ["--rounds=2", "--channels=4", "--rooms=1"]


async def test_every_page_is_timed_and_weighed() -> None:
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "benchmarks.pages", *SMALL],
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()

    assert process.returncode == 0, err.decode()
    for name in PAGES:
        timed, weighed = (
            [float(cell.replace(",", "")) for cell in line.split("|")[2:-1]]
            for line in out.decode().splitlines()
            if line.startswith(f"| {name} |")
        )
        requests, first_ms, p50_ms, p95_ms, *_ = timed
        assert requests == 2
        assert 0 < p50_ms <= p95_ms
        assert first_ms > 0
        files, kilobytes = weighed
        assert files >= 2
        assert kilobytes > 1
