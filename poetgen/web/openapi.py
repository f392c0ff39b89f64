"""The API described as OpenAPI has it, from the settings that the server itself checks by."""

from collections.abc import Mapping
from typing import Any

from poetgen import __version__
from poetgen.web.settings import CHECK, GENERATE, PICTURE, REWRITE, Setting

MEANINGS = {
    "generate": (
        "Write poems",
        GENERATE,
        "application/x-ndjson",
        "One poem a line, as generate --json has it.",
    ),
    "rewrite": (
        "Write one line anew",
        REWRITE,
        "application/x-ndjson",
        "The poem with another line, one a line.",
    ),
    "check": ("Judge poems", CHECK, "application/json", "Each poem as check --json has it, and more."),
    "picture": ("Draw a poem", PICTURE, "image/png, image/svg+xml", "The picture."),
}
POEM = {
    "prompt": "string",
    "title": ["string", "null"],
    "poet": ["string", "null"],
    "index": "integer",
    "text": "string",
    "lines": "array",
    "form": "string",
    "template": ["string", "null"],
    "rhyme_book": "string",
    "rhyme_group": ["string", "null"],
    "tones": ["array", "null"],
    "script": "string",
    "seed": "integer",
    "log_probability": "number",
    "rank": ["object", "null"],
    "notes": "array",
    "annotation": "array",
}
FAULTS = {
    "400": "The request cannot be; the sentence says why.",
    "413": "The request is too large.",
    "415": "The request is not JSON.",
    "503": "Too much is being written; come again.",
}


def describe_api() -> dict[str, Any]:
    """The whole description, ready for JSON."""
    paths: dict[str, Any] = {f"/api/{name}": {"post": _operation(*parts)} for name, parts in MEANINGS.items()}
    model = {
        "description": "The model's name, forms, rhymes and limits.",
        "content": _content("application/json"),
    }
    paths["/api/model"] = {"get": {"summary": "What the server writes with", "responses": {"200": model}}}
    error = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
    poem = {
        "type": "object",
        "required": [*POEM],
        "properties": {name: {"type": kind} for name, kind in POEM.items()},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "poetgen", "version": __version__, "description": "Classical Chinese verse."},
        "paths": paths,
        "components": {"schemas": {"Error": error, "Poem": poem}},
    }


def _operation(summary: str, settings: Mapping[str, Setting], kinds: str, meaning: str) -> dict[str, Any]:
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": [name for name, setting in settings.items() if setting.is_required],
        "properties": {name: _schema(setting) for name, setting in settings.items()},
    }
    content: dict[str, Any] = {}
    for kind in kinds.split(", "):
        content |= _content(kind, {"$ref": "#/components/schemas/Poem"} if "ndjson" in kind else None)
    faults = {
        code: {
            "description": words,
            "content": _content("application/json", {"$ref": "#/components/schemas/Error"}),
        }
        for code, words in FAULTS.items()
    }
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": _content("application/json", schema)},
        "responses": {"200": {"description": meaning, "content": content}, **faults},
    }


def _content(kind: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {kind: {"schema": schema} if schema else {}}


def _schema(setting: Setting) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": [setting.kind, "null"], "description": setting.meaning}
    if setting.choices:
        schema["enum"] = [*setting.choices, None]
    limits = ("maxLength", "minLength") if setting.kind == "string" else ("maximum", "minimum")
    for name, limit in zip(limits, (setting.most, setting.least), strict=True):
        schema |= {} if limit is None else {name: limit}
    return schema | ({} if setting.default is None else {"default": setting.default})
