"""How long git is waited for: a server that takes the call and says nothing would keep it for ever."""

from subprocess import Popen
from threading import Event, Thread

SILENCE = 60  # seconds; git itself has such a limit for http alone


class Patience:
    """Ends a process that has said nothing for SILENCE seconds; `is_lost` once it has done so."""

    def __init__(self, process: Popen[str]) -> None:
        self.is_lost, self._process, self._heard = False, process, Event()

    def __enter__(self) -> "Patience":
        Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.renew()

    def renew(self) -> None:
        """Wait as long again."""
        self._heard.set()

    def _watch(self) -> None:
        while self._process.poll() is None:
            if not self._heard.wait(SILENCE):
                self.is_lost = True
                self._process.kill()
            self._heard.clear()
