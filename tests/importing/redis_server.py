"""A real Redis of a test's own, on a free port."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis, RedisError

from benchmarks.target import free_port

_START_S = 30.0


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """Yield the address of a Redis with nothing in it; it ends with the block.

    Without one on this machine the test is skipped, and on CI it fails.
    """
    program = shutil.which("redis-server")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("There is no redis-server on this machine.")
        pytest.skip("There is no redis-server on this machine: apt install redis-server")
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    with subprocess.Popen(
        [*command, "--save", "", "--daemonize", "no"], stdout=subprocess.DEVNULL
    ) as process:
        try:
            _wait_for(port, process)
            yield f"redis://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_S
    with Redis(port=port) as redis:
        while True:
            try:
                redis.ping()
            except RedisError:
                assert process.poll() is None, "The Redis did not start."
                assert time.monotonic() < deadline, "The Redis does not answer."
                time.sleep(0.05)
            else:
                return
