"""The server's loop: what plugins cannot do to it, and how it ends."""

import asyncio
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest

from bunga_cli import loop as loops
from bunga_cli.plugin.threads import Threads

ROOT = Path(__file__).parents[1]
PATIENCE_S = 60.0


@pytest.fixture
def released() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def program(body: str) -> list[str]:
    """Return a command that runs this as the whole of a server, in a process of its own."""
    lines = [
        "import asyncio, atexit, signal, sys, threading, time, uvloop",
        "from bunga_cli import loop",
        "from bunga_cli.plugin.parts import Part",
        "from bunga_cli.plugin.threads import Lane",
        "part = Part('test', Lane('test'), print)",
        "class Cycle:",
        "    def __init__(self):",
        "        self.itself = self",
        "    def __del__(self):",
        "        time.sleep(1000)",
        "async def forget_cancellation():",
        "    while True:",
        "        try:",
        "            await asyncio.sleep(1000)",
        "        except asyncio.CancelledError:",
        "            pass",
        "async def main():",
        indent(dedent(body), "    "),
        "loop.run(main())",
        "print('ended')",
        "loop.leave()",
    ]
    return [sys.executable, "-c", "\n".join(lines)]


def output_of(body: str) -> str:
    done = subprocess.run(
        program(body), check=True, capture_output=True, text=True, timeout=PATIENCE_S, cwd=ROOT
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("error", ["SystemExit", "KeyboardInterrupt"])
def test_what_a_task_or_a_callback_raises_does_not_end_the_loop(error: str) -> None:
    said = output_of(
        f"""
        async def fail():
            raise {error}
        def fail_at_once():
            raise {error}
        task = asyncio.create_task(fail())
        asyncio.get_running_loop().call_soon(fail_at_once)
        await asyncio.sleep(0.01)
        assert isinstance(task.exception(), {error})
        print("went on")
        """
    )
    assert f"A plugin raised {error} in the server's thread; the server goes on." in said
    assert "went on\nended\n" in said


@pytest.mark.parametrize("stop", ["running.stop,", "uvloop.Loop.stop, running"])
def test_a_loop_that_is_stopped_by_somebody_goes_on(stop: str) -> None:
    said = output_of(
        f"""
        running = asyncio.get_running_loop()
        stopping = threading.Thread(target=running.call_soon_threadsafe, args=({stop}))
        stopping.start()
        stopping.join()
        await asyncio.sleep(0.01)
        print("went on")
        """
    )
    assert "went on\nended\n" in said
    assert "A plugin stopped the server's loop" in said or "stop() is not for plugins" in said


@pytest.mark.parametrize(
    "call",
    [
        "signal.signal, signal.SIGTERM, signal.SIG_IGN",
        "signal.raise_signal, signal.SIGINT",
        "signal.pthread_sigmask, signal.SIG_BLOCK, [signal.SIGTERM]",
        "signal.set_wakeup_fd, -1",
        "signal.siginterrupt, signal.SIGTERM, True",
        "signal.alarm, 1",
        "signal.setitimer, signal.ITIMER_REAL, 0.01",
    ],
)
def test_a_plugin_does_not_decide_what_signals_do(call: str) -> None:
    said = output_of(
        f"""
        before = signal.getsignal(signal.SIGTERM)
        try:
            part.call({call})
        except RuntimeError as error:
            print(error)
        assert signal.getsignal(signal.SIGTERM) is before
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # which the server may
        """
    )
    assert "() is not for plugins: the server ends by signals.\nended\n" in said


def test_what_a_task_of_a_plugin_raises_is_told_in_a_line() -> None:
    said = output_of(
        """
        async def fail():
            raise RuntimeError("boo\\nforged")
        async def begin():
            asyncio.create_task(fail())
        await part.run(begin())
        await asyncio.sleep(0.01)
        """
    )
    assert said == "ended\nA callback of a plugin, test, failed. RuntimeError: boo forged\n"


def test_what_threads_and_destructors_raise_is_in_the_log() -> None:
    said = output_of(
        """
        from bunga_cli.logs import set_up_logging
        from bunga_cli.settings import LogSettings
        set_up_logging(LogSettings())
        class Fragile:
            def __del__(self):
                raise RuntimeError("boo\\nforged")
        def fail():
            raise RuntimeError("boo\\nforged")
        Fragile()
        failing = threading.Thread(target=fail, name="mine")
        failing.start()
        failing.join()
        """
    )
    assert "ERROR   bunga_cli.loop: A failure was ignored.\n  | Traceback" in said
    assert "ERROR   bunga_cli.loop: The thread mine failed.\n  | Traceback" in said
    assert "\nforged" not in said


def test_a_task_that_does_not_end_is_left_behind() -> None:
    said = output_of("asyncio.create_task(forget_cancellation())\nawait asyncio.sleep(0)")
    assert "1 tasks of plugins did not end" in said
    assert "ended\n" in said
    assert "Traceback" not in said
    assert "destroyed" not in said


def test_threads_that_do_not_end_keep_the_process_only_for_a_while() -> None:
    said = output_of("threading.Thread(target=time.sleep, args=(1000,), name='mine').start()")
    assert "1 threads did not end: mine." in said
    assert "ended\n" in said


@pytest.mark.parametrize("last", ["atexit.register(time.sleep, 1000)", "Cycle()"])
def test_last_words_keep_the_process_only_for_a_while(last: str) -> None:
    assert output_of(last) == "ended\n"


def test_a_server_that_failed_says_so_by_its_exit_code_whatever_is_left_of_it() -> None:
    body = "loop.FAILURE_LIMIT_S = 1\natexit.register(time.sleep, 1000)\nraise RuntimeError('boo')"
    command = program(body)
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE_S, cwd=ROOT, check=False)
    assert done.returncode == 1


def test_what_shall_be_done_at_the_end_is_done() -> None:
    assert output_of("atexit.register(print, 'written')") == "ended\nwritten\n"


def test_threads_of_the_loop_keep_nobody() -> None:
    said = output_of("asyncio.get_running_loop().run_in_executor(None, time.sleep, 1000)")
    assert said == "ended\n"


def test_ctrl_c_cancels_what_runs() -> None:
    body = """
    try:
        print("begun", flush=True)
        await asyncio.sleep(1000)
    finally:
        print("cleaned up", flush=True)
    """
    with subprocess.Popen(program(body), stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "cleaned up\n"
        assert process.wait(PATIENCE_S) == -signal.SIGINT


def test_a_name_that_is_looked_up_keeps_nobody(
    monkeypatch: pytest.MonkeyPatch, released: threading.Event
) -> None:
    asked = threading.Event()

    def look(*_arguments: object) -> Any:
        asked.set()
        released.wait(PATIENCE_S)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look)
    loop = loops._Loop()
    loop.set_default_executor(Threads())

    async def ask() -> None:
        task = asyncio.create_task(loop.getaddrinfo("name.test", 80))
        await asyncio.to_thread(asked.wait, PATIENCE_S)
        task.cancel()

    loop.run_until_complete(ask())
    loop.close()
    assert not released.is_set()


def test_a_name_is_found() -> None:
    loop = loops._Loop()
    loop.set_default_executor(Threads())
    found = loop.run_until_complete(loop.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM))
    loop.close()
    assert [address for *_, address in found] == [("127.0.0.1", 80)]
