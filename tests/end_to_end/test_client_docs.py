"""`docs/client.md`: the bot that it shows does what it says."""

import asyncio
import re
import sys
from pathlib import Path

from bunga_cli.client import __all__ as public
from tests.end_to_end.kit import PATIENCE_S, SECOND_US, new_channel
from tests.end_to_end.test_following import until, watching
from tests.servers import Site

PAGE = (Path(__file__).parents[2] / "docs" / "client.md").read_text("utf-8")


async def test_the_bot_of_the_page_watches_along_and_says_where_it_is(
    site: Site, tmp_path: Path
) -> None:
    [code] = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "bot.py").write_text(code)
    channel = new_channel(site)
    arguments = [str(tmp_path / "bot.py"), site.register_url(channel)]
    async with watching(site, channel, "ann") as ann:
        bot = await asyncio.create_subprocess_exec(sys.executable, *arguments)
        try:
            await ann.client.expect("aloha", timeout_s=PATIENCE_S)
            await ann.client.play()
            await until(lambda: ann.film.is_running and ann.film.position_us > 62 * SECOND_US)
            await ann.client.say("where are you?")
            said = await ann.client.expect(
                "danmaku", where=lambda m: m["sender"]["name"] == "Bot", timeout_s=PATIENCE_S
            )
        finally:
            bot.terminate()
            await bot.wait()

    found = re.fullmatch(r"at (\d+\.\d) s, [+-](\d+\.\d) ms off", said["message"])
    assert found is not None, said
    assert 62 <= float(found[1]) < 70
    assert float(found[2]) < 50


def test_what_the_page_names_is_there() -> None:
    classes = set(re.findall(r"`([A-Z][a-z]+[A-Za-z0-9]*)", PAGE))

    assert classes - {"True", "Learned", *public} == set()
