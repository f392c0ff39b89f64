"""How the page's server bears many readers at once: poems a second, and how long each reader waits.

    pip install -e '.[web]' && python benchmarks/page_load.py [--readers 16] [--seconds 60]

Every reader asks for one poem after the other, each of another form and seed, and reads nothing meanwhile: real
readers are slower. An answer that is not a whole poem counts as a failure.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from itertools import count

import numpy as np

FORMS = ("五絕", "七絕", "五律", "七律")


def ask(address: str, number: int) -> bool:
    """Whether a poem came."""
    body = json.dumps({"form": FORMS[number % len(FORMS)], "seed": number}).encode()
    request = urllib.request.Request(f"{address}api/generate", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return len(json.loads(answer.read())["lines"]) >= 4
    except (OSError, ValueError, KeyError):
        return False


def read_on(address: str, numbers: "count[int]", end: float, seen: list[tuple[float, bool]]) -> None:
    """One reader: ask until the time is over."""
    while time.monotonic() < end:
        began = time.monotonic()
        came = ask(address, next(numbers))
        seen.append((time.monotonic() - began, came))


def main() -> None:
    """Serve the released model, let the readers at it, and print what they met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readers", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    command = [sys.executable, "-m", "poetgen", "serve", "--port", "0", "--home", tempfile.mkdtemp()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address, seen = server.stdout.readline().strip(), list[tuple[float, bool]]()
        ask(address, 0)  # what is loaded once is not what is measured
        numbers, began = count(1), time.monotonic()
        readers = [
            threading.Thread(target=read_on, args=(address, numbers, began + options.seconds, seen))
            for _ in range(options.readers)
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        took = time.monotonic() - began
        server.kill()
    waits, failures = np.array([wait for wait, _ in seen]), sum(not came for _, came in seen)
    middle, late = np.quantile(waits, [0.5, 0.95])
    print(
        f"{options.readers} readers, {took:.0f} s: {len(seen)} poems, {failures} failures, "
        f"{len(seen) / took:.1f} poems a second; a reader waits {middle:.1f} s in the median, "
        f"{late:.1f} s at the 95th percentile, {waits.max():.1f} s at most"
    )


if __name__ == "__main__":
    main()
