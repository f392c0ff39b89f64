"""What stands before every request: whom the server answers to, in which language, and what the page may do.

A page from elsewhere could make a browser ask a server on its own machine (DNS rebinding): a request is answered
only when it names the server as localhost, by an IP address, or by a name that was given.
"""

import ipaddress

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from poetgen.language import preferred_language, speaking_to

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Interpreter:
    """Middleware: what is said to a request is said in the language that its Accept-Language header asks for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer in that language."""
        header = Headers(scope=scope).get("accept-language", "") if scope["type"] == "http" else ""
        with speaking_to(preferred_language(header)):
            await self._app(scope, receive, send)


class Guard:
    """Middleware: the Host header checked, and HEADERS on every answer."""

    def __init__(self, app: ASGIApp, names: tuple[str, ...] = ()) -> None:
        self._app, self._names = app, {"localhost", *(name.lower() for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        host = Headers(scope=scope).get("host", "")
        if self.answers_to(host):
            await self._app(scope, receive, send_guarded)
        else:
            refusal = JSONResponse({"error": "this server does not answer to that name"}, 421)
            await refusal(scope, receive, send_guarded)

    def answers_to(self, host: str) -> bool:
        """Whether a Host header names this server."""
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
        if name.lower() in self._names:
            return True
        try:
            ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
        except ValueError:
            return False
        return True
