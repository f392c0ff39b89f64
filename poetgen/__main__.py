"""`poetgen`, and `python -m poetgen`, from the first moment on."""

import os
import signal

TYPE_CHECKING = False  # typing itself would take a while to import
if TYPE_CHECKING:
    from types import FrameType


def main() -> None:
    """Run the command line; where it imports, Ctrl-C ends it at once and in silence."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else we were started deaf to it
        signal.signal(signal.SIGINT, interrupt)
    from poetgen.cli import main as command_line

    command_line()


def interrupt(number: int, frame: "FrameType | None") -> None:
    """Raise KeyboardInterrupt, except within an import: modules half imported swallow it, or say so at length."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            os._exit(130)  # what a shell reports of a command ended by Ctrl-C
        frame = frame.f_back
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
