"""The JSON Schemas of bunga.v2 in `docs/protocol`, made from the models that the server uses.

`python -m tests.protocol.schemas` writes them anew; a test compares.
"""

import json
from pathlib import Path
from typing import Any, get_args

from pydantic import TypeAdapter

from bunga_cli.protocol import server_messages, v2
from bunga_cli.protocol.client_messages import ClientMessage, Ref, Request
from bunga_cli.protocol.server_messages import ServerMessage

FOLDER = Path(__file__).parents[2] / "docs" / "protocol"
PERSONAL = {v2.State, v2.Clock, v2.HereAre, v2.NowPlaying, v2.WhoAreYou, server_messages.Error}
"""Messages that are not told to the whole room, or that tell what may be missed."""
DRAFT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def client_models() -> list[type[Request]]:
    """Return the models of all that a client may say."""
    union, _ = get_args(ClientMessage)
    return [*get_args(union), v2.ClockRequest]


def server_models() -> list[type[ServerMessage]]:
    """Return the models of all that a client of v2 may hear, those of v2 in place of others."""
    replaced = {server_messages.ChannelStatus, server_messages.PlayAt}
    models = {
        _code(model): model
        for module in (server_messages, v2)
        for model in vars(module).values()
        if isinstance(model, type) and issubclass(model, ServerMessage)
        if model is not ServerMessage and model not in replaced
    }
    return [*models.values()]


def files() -> dict[str, str]:
    """Return the text of each file by its path in `docs/protocol`."""
    said = {f"from-client/{_code(model)}.json": _of_client(model) for model in client_models()}
    told = {f"from-server/{_code(model)}.json": _of_server(model) for model in server_models()}
    return {path: json.dumps(schema, indent=2) + "\n" for path, schema in {**said, **told}.items()}


def _code(model: type[Request] | type[ServerMessage]) -> str:
    return str(get_args(model.model_fields["code"].annotation)[0])


def _of_client(model: type[Request]) -> Schema:
    return {"$schema": DRAFT, **model.model_json_schema()}


def _of_server(model: type[ServerMessage]) -> Schema:
    """Return a message's schema: all its fields are always there, but for the `ref` of answers."""
    schema = {"$schema": DRAFT, **model.model_json_schema(mode="serialization")}
    fields = model.model_fields
    schema["required"] = [name for name in fields if name != "ref" or fields[name].is_required()]
    if "ref" in fields and not fields["ref"].is_required():
        schema["properties"]["ref"] = {"title": "Ref", **TypeAdapter(Ref).json_schema()}
    if model not in PERSONAL:
        schema["properties"]["seq"] = {"title": "Seq", "type": "integer"}
    for name in ("code", "sender"):
        schema["properties"][name].pop("default", None)
    return schema


def _write() -> None:
    for path, text in files().items():
        file = FOLDER / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


if __name__ == "__main__":
    _write()
