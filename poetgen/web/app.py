"""The server's routes: the page, and the JSON API behind it.

Work runs in a few threads, at most WAITING requests wait for them, and whoever leaves is worked for no longer.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from poetgen.errors import PoetgenError
from poetgen.language import tr
from poetgen.picture.font import FONT
from poetgen.web.answers import describe_model, draw_poem, judge_poems, rewrite_line, write_poems
from poetgen.web.guard import Guard, Interpreter
from poetgen.web.settings import CHECK, GENERATE, MOST_BYTES, PICTURE, REWRITE, Setting, read_settings
from poetgen.writing.network import count_processors
from poetgen.writing.writer import Writer

WAITING = 32  # requests at work or waiting for it; more are told to come again
STATIC = Path(__file__).with_name("static")
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".json": "application/json",
}
KINDS = {"png": "image/png", "svg": "image/svg+xml"}
Settings = dict[str, Any]
Answer = TypeVar("Answer")


class Busy(Exception):
    """More is asked than can be waited for."""


class Workshop:
    """A few threads for the work of all requests."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(count_processors(), thread_name_prefix="poems")
        self._asked = 0

    async def run(self, work: Callable[[], Answer]) -> Answer:
        """What the work gives, once a thread is free; what is given up before is never begun. Raises Busy."""
        if self._asked >= WAITING:
            raise Busy
        self._asked += 1
        job = self._threads.submit(copy_context().run, work)  # in the language of who asks
        job.add_done_callback(self._count_down)
        return await asyncio.wrap_future(job)

    def finish(self, work: Callable[[], None]) -> None:
        """Have something put in order, and wait for nothing."""
        self._threads.submit(work)

    def _count_down(self, job: object) -> None:
        self._asked -= 1


def build_app(writer: Writer, *, names: tuple[str, ...] = ()) -> Starlette:
    """The whole server for one model; `names` are further host names that it answers to."""
    workshop = Workshop()

    def answer(known: Mapping[str, Setting], respond: Callable[[Settings], Awaitable[Response]]) -> Any:
        async def endpoint(request: Request) -> Response:
            return await respond(read_settings(await read_json(request), known))

        return endpoint

    async def generate(settings: Settings) -> Response:
        return await stream(workshop, lambda: write_poems(writer, settings))

    async def rewrite(settings: Settings) -> Response:
        return await stream(workshop, lambda: rewrite_line(writer, settings))

    async def check(settings: Settings) -> Response:
        return JSONResponse(await workshop.run(lambda: judge_poems(settings)))

    async def picture(settings: Settings) -> Response:
        data = await workshop.run(lambda: draw_poem(settings))
        return Response(data, media_type=KINDS[settings["kind"]])

    async def model(request: Request) -> Response:
        return JSONResponse(describe_model(writer))

    posts = {"generate": (GENERATE, generate), "rewrite": (REWRITE, rewrite)}
    posts |= {"check": (CHECK, check), "picture": (PICTURE, picture)}
    return Starlette(
        routes=[
            *(Route(f"/api/{name}", answer(*both), methods=["POST"]) for name, both in posts.items()),
            Route("/api/model", model),
            *static_routes(),
        ],
        middleware=[Middleware(Guard, names=names), Middleware(Interpreter)],
        exception_handlers={
            PoetgenError: refuse,
            Busy: come_again,
            HTTPException: refuse_plainly,
            Exception: fail,
        },
    )


async def read_json(request: Request) -> Any:
    """The body of a request, no longer than MOST_BYTES. Raises HTTPException or PoetgenError."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, tr("send JSON, with the header Content-Type: application/json"))
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise HTTPException(413, tr("a request may have at most {most:,} bytes", most=MOST_BYTES))
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PoetgenError(tr("the request is not JSON in UTF-8")) from error


async def stream(workshop: Workshop, begin: Callable[[], Generator[Settings]]) -> Response:
    """One JSON object a line, each sent as soon as it is made. Faults before the first are raised."""
    poems = await workshop.run(begin)
    first = await workshop.run(lambda: next(poems, None))

    async def rows() -> AsyncIterator[bytes]:
        poem = first
        try:
            while poem is not None:
                yield json.dumps(poem, ensure_ascii=False).encode() + b"\n"
                poem = await workshop.run(lambda: next(poems, None))
        finally:  # also when the reader has left
            workshop.finish(poems.close)

    return StreamingResponse(rows(), media_type="application/x-ndjson")


def static_routes() -> Iterator[Route]:
    """The page, its parts and the font, each read once."""
    for path in (*sorted(STATIC.iterdir()), FONT):
        address = "/" if path.name == "index.html" else f"/{path.name}"
        yield Route(address, serve_file(path.read_bytes(), path))


def serve_file(data: bytes, path: Path) -> Any:
    """An endpoint that answers with these bytes."""
    headers = {"Cache-Control": "max-age=86400" if path == FONT else "no-cache"}

    async def endpoint(request: Request) -> Response:
        return Response(data, media_type=TYPES[path.suffix], headers=headers)

    return endpoint


# ---- what goes wrong, each in one sentence ----


async def refuse(request: Request, error: Exception) -> Response:
    """A request that cannot be: 400."""
    return JSONResponse({"error": str(error)}, 400)


async def come_again(request: Request, error: Exception) -> Response:
    """Too many at once: 503."""
    sentence = tr("too many poems are being written; try again in a few seconds")
    return JSONResponse({"error": sentence}, 503, {"Retry-After": "5"})


async def refuse_plainly(request: Request, error: Exception) -> Response:
    """No such address, another method, another type."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


async def fail(request: Request, error: Exception) -> Response:
    """A fault of ours: said, without its inside."""
    return JSONResponse({"error": tr("this is a fault in poetgen; its terminal says more")}, 500)
