"""A server with the released model, and one with a tiny model."""

import pytest
from starlette.testclient import TestClient

from poetgen.corpus.vocabulary import SPECIALS, Vocabulary
from poetgen.poem.poem import MARKS
from poetgen.web.app import build_app
from poetgen.writing.writer import Writer

HANZI = "月雲山水花春秋日風人天地紅後爲牀明光云后床胡夜湖海"


@pytest.fixture(scope="module")
def client(tang):
    return TestClient(build_app(tang), base_url="http://localhost:8000", raise_server_exceptions=False)


@pytest.fixture(scope="module")
def tiny_client(make_checkpoint):
    counts = [0, 9, 9, 0, 300, 280, 20, *(500 // (place + 1) for place in range(len(HANZI)))]
    checkpoint = make_checkpoint(Vocabulary((*SPECIALS, *MARKS, *HANZI), counts, 1), spread=0.5)
    app = build_app(Writer(checkpoint))
    return TestClient(app, base_url="http://localhost:8000", raise_server_exceptions=False)
