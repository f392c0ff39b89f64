"""`poetgen`, and `python -m poetgen`, from the first moment on."""

import _signal as signal  # type: ignore[import-not-found]  # what signal wraps: wrapping takes 3 ms, deaf to us
import os

TYPE_CHECKING = False  # typing itself would take a while to import
if TYPE_CHECKING:
    from types import FrameType
INTERRUPTED = 130  # what a shell reports of a command ended by Ctrl-C


def main() -> None:
    """Run the command line; where it imports, Ctrl-C ends it at once and in silence."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else we were started deaf to it
        signal.signal(signal.SIGINT, interrupt)
    from poetgen.cli import main as command_line

    try:
        command_line()
    except KeyboardInterrupt:  # before the command line could hear it
        raise SystemExit(INTERRUPTED) from None


def interrupt(number: int, frame: "FrameType | None") -> None:
    """Raise KeyboardInterrupt, except within an import: modules half imported swallow it, or say so at length."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            os._exit(INTERRUPTED)
        frame = frame.f_back
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
