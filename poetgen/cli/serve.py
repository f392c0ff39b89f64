"""`poetgen serve`: the page, on this machine."""

import errno
import os
import socket
import sys
import webbrowser
from typing import TYPE_CHECKING, NoReturn

import click

from poetgen.cli.options import checkpoint_option, examples, home_option
from poetgen.cli.output import echo
from poetgen.errors import PoetgenError
from poetgen.extras import install_command
from poetgen.files import Workspace
from poetgen.language import tr

if TYPE_CHECKING:
    from starlette.applications import Starlette

MOST_CONNECTIONS = 256


@click.command(epilog=examples("poetgen serve --open", "poetgen serve --port 9000"))
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port to listen at; 0: any that is free.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen at; 0.0.0.0 lets other machines in.",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
@checkpoint_option
@home_option
def serve(*, port: int, host: str, opens: bool, checkpoint: str | None, workspace: Workspace) -> None:
    """Show a page in the browser where poems are written, revised, judged and drawn.

    It listens on this machine alone unless --host says otherwise, and asks nothing of any other. Ctrl-C ends it.
    """
    try:
        import uvicorn  # noqa: F401

        from poetgen.web.app import build_app
    except ModuleNotFoundError as error:
        raise PoetgenError(
            tr("the page needs Starlette and uvicorn; run: {command}", command=install_command("web"))
        ) from error
    from poetgen.writing.writer import Writer

    app = build_app(Writer.load(checkpoint, home=workspace.home), names=(host, socket.gethostname()))
    listening = listen(host, port)
    address = address_of(host, listening.getsockname()[1])
    echo(address)
    echo(tr("Ctrl-C ends it."), err=True)
    sys.stdout.flush()
    if opens:
        webbrowser.open(address)
    run(app, listening)


def run(app: "Starlette", listening: socket.socket) -> NoReturn:
    """Serve until a signal. What is being written in a thread is then wanted by nobody: nothing is waited for."""
    import uvicorn

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: object) -> None:
            os._exit(128 + sig)  # as a shell reports it: 130 for Ctrl-C

    config = uvicorn.Config(
        app, log_level="warning", lifespan="off", limit_concurrency=MOST_CONNECTIONS, server_header=False
    )
    Server(config).run(sockets=[listening])
    raise SystemExit(1)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises PoetgenError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except OSError as error:
        listening.close()
        hint = tr("; choose another --port, or 0 for any") if error.errno == errno.EADDRINUSE else ""
        raise PoetgenError(
            tr(
                "cannot listen at {host}:{port}: {why}{hint}",
                host=host[:60],
                port=port,
                why=error.strerror or error,
                hint=hint,
            )
        ) from error
    return listening


def address_of(host: str, port: int) -> str:
    """The page's address as a browser on this machine takes it."""
    name = "localhost" if host in ("0.0.0.0", "::", "127.0.0.1", "::1") else host
    return f"http://{f'[{name}]' if ':' in name else name}:{port}/"
