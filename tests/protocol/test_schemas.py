"""What `docs/protocol` says of bunga.v2 is what the models say."""

import json
import re
from pathlib import Path

from bunga_cli.protocol import server_messages as messages
from bunga_cli.protocol import v2
from bunga_cli.protocol.server_messages import ServerMessage
from tests.protocol.schemas import FOLDER, client_models, files, server_models

RENEW = "python -m tests.protocol.schemas"
PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"


def test_the_schemas_are_those_of_the_models() -> None:
    kept = {
        file.relative_to(FOLDER).as_posix(): file.read_text("utf-8")
        for file in FOLDER.rglob("*.json")
    }

    assert kept == files(), f"Renew them: {RENEW}"


def test_the_page_names_every_message() -> None:
    page = PAGE.read_text("utf-8")
    codes = [path.rpartition("/")[2].removesuffix(".json") for path in files()]

    assert [code for code in codes if f"`{code}`" not in page] == []


def test_the_examples_of_the_page_are_what_the_server_says() -> None:
    said: dict[str, type[ServerMessage]] = {
        "state": v2.State,
        "clock": v2.Clock,
        "error": messages.Error,
    }
    blocks = re.findall(r"^```json\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    examples = [
        json.loads(example)
        for block in blocks
        for example in re.split(r"^[→←] ", block, flags=re.MULTILINE)
        if '"sender"' in example
    ]

    assert {example["code"] for example in examples} == {*said}
    for example in examples:
        assert said[example["code"]].model_validate(example).model_dump(mode="json") == example


def test_the_page_names_every_field() -> None:
    page = PAGE.read_text("utf-8")
    fields = {name for model in (*client_models(), *server_models()) for name in model.model_fields}

    assert sorted(name for name in fields if f"`{name}`" not in page) == []
