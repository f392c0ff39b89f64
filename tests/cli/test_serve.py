"""`poetgen serve` as its users start and end it."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from contextlib import suppress

import pytest
from click.testing import CliRunner

from poetgen.cli import poetgen


@pytest.fixture
def served(tmp_path):
    """(address, process) of a server at a free port, with the released model."""
    process = subprocess.Popen(
        [sys.executable, "-m", "poetgen", "serve", "--port", "0", "--home", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    yield process.stdout.readline().strip(), process
    process.kill()
    process.wait()
    process.stdout.close()
    process.stderr.close()


def ask(address, **settings):
    body = json.dumps(settings).encode()
    request = urllib.request.Request(f"{address}api/generate", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as response:
        return [json.loads(row) for row in response]


def test_it_prints_its_address_writes_and_ends_at_once_with_ctrl_c(served):
    address, process = served
    assert address.startswith("http://localhost:")
    assert ask(address, prompt="月", seed=1)[0]["lines"][0].startswith("月")

    def ask_much():
        with suppress(OSError):
            ask(address, prompt="山", form="七言排律17", count=12, best_of=32)

    busy = threading.Thread(target=ask_much, daemon=True)
    busy.start()
    busy.join(1)
    assert busy.is_alive()  # it would take a minute
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=120) == 130
    busy.join(120)
    assert process.stderr.read() == "Ctrl-C ends it.\n"


@pytest.fixture
def serves_nobody(monkeypatch):
    """What would otherwise serve without end fails."""
    monkeypatch.setattr("poetgen.cli.serve.run", lambda *_: sys.exit("it listens"))


@pytest.mark.usefixtures("serves_nobody")
def test_a_port_in_use_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(poetgen, ["serve", "--port", str(port)])
    assert result.exit_code == 1
    assert (
        f"cannot listen at 127.0.0.1:{port}: Address already in use; choose another --port" in result.stderr
    )


@pytest.mark.usefixtures("serves_nobody")
def test_a_host_that_is_not_here_is_told():
    result = CliRunner().invoke(poetgen, ["serve", "--host", "203.0.113.7", "--port", "0"])
    assert result.exit_code == 1
    assert "cannot listen at 203.0.113.7:0" in result.stderr


@pytest.mark.usefixtures("serves_nobody")
def test_without_the_extra_one_sentence_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    result = CliRunner().invoke(poetgen, ["serve"])
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: the page needs Starlette and uvicorn; run: pip install ")
