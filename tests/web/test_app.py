"""The server as a program asks it: the same answers as the command line, and every refusal in one sentence."""

import asyncio
import inspect
import json
import threading
from functools import partial

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from poetgen.cli import poetgen
from poetgen.cli.generate import generate as command
from poetgen.web.answers import MOST_CHECKED
from poetgen.web.app import WAITING, Busy, Workshop, stream
from poetgen.web.guard import HEADERS, Guard
from poetgen.web.openapi import POEM
from poetgen.web.settings import CHECK, GENERATE, MOST_BYTES, MOST_HANZI, PICTURE, REWRITE
from poetgen.writing.writer import Writer

JSON = {"content-type": "application/json"}
ALL = {"generate": GENERATE, "rewrite": REWRITE, "check": CHECK, "picture": PICTURE}
POEM_OF_WANG = "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。"


def poems(response):
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(row) for row in response.text.splitlines()]


def rows_of(result):
    return [json.loads(row) for row in result.stdout.splitlines()]


@pytest.mark.parametrize(
    "arguments",
    [
        {"prompt": "月", "seed": 7},
        {"prompt": "红", "seed": 3, "form": "七絕", "count": 2, "best_of": 3},
        {"acrostic": "春夏秋冬", "seed": 1, "no_repeat": True, "rhyme": "auto", "tones": "relaxed"},
        {"prompt": "山", "seed": 2, "form": "free", "max_length": 40, "script": "simplified"},
    ],
)
def test_the_same_poems_as_on_the_command_line(client, tmp_path, arguments):
    options = [] if "no_repeat" not in arguments else ["--no-repeat"]
    for name, value in arguments.items():
        options += [f"--{name.replace('_', '-')}={value}"] if name not in ("prompt", "no_repeat") else []
    prompts = [arguments["prompt"]] if "prompt" in arguments else []
    told = CliRunner().invoke(poetgen, ["generate", *prompts, "--json", "--home", str(tmp_path), *options])
    assert poems(client.post("/api/generate", json=arguments)) == rows_of(told)


def test_settings_are_those_of_the_library_and_the_command_line():
    writing, rewriting = (inspect.signature(one).parameters for one in (Writer.write, Writer.rewrite))
    assert {*GENERATE} == {*writing} - {"self"}
    assert {*REWRITE} == {*rewriting} - {"self"}
    assert {*GENERATE} - {"prompt"} <= {option.name for option in command.params}
    for name, setting in GENERATE.items():
        if setting.default is not None:
            assert setting.default == writing[name].default


def test_what_is_described_is_what_comes(client):
    (poem,) = poems(client.post("/api/generate", json={"seed": 1}))
    assert [*poem] == [*POEM]
    described = client.get("/openapi.json").json()
    for name, known in ALL.items():
        body = described["paths"][f"/api/{name}"]["post"]["requestBody"]
        assert [*body["content"]["application/json"]["schema"]["properties"]] == [*known]


def test_a_line_is_rewritten_and_the_others_kept(client):
    (new,) = poems(client.post("/api/rewrite", json={"poem": POEM_OF_WANG, "line": 2, "seed": 5}))
    assert [new["lines"][k] for k in (0, 2, 3)] == ["白日依山盡", "欲窮千里目", "更上一層樓"]
    assert new["lines"][1] != "黃河入海流"


def test_a_poem_is_judged_as_on_the_command_line(client):
    typed = f"《登鸛雀樓》{POEM_OF_WANG}\n\nmoon\n\n白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"
    told = rows_of(CliRunner().invoke(poetgen, ["check", "--json", "-"], input=typed))
    first, unread, second = client.post("/api/check", json={"text": typed}).json()["poems"]
    for ours, theirs in zip((first, second), told, strict=True):
        assert theirs.items() <= ours.items()
    assert "no hanzi" in unread["error"]
    assert first["summary"] == "五絕 · 仄起首句不入韻 · 尤韻 (平水韻) · keeps every rule"
    assert "韵" in second["summary"]
    assert first["annotation"][0]["tones"] == "入入平平仄"


def test_pictures(client):
    asked = {"text": POEM_OF_WANG, "title": "登鸛雀樓", "seed": 7, "annotate": True}
    png = client.post("/api/picture", json=asked)
    assert png.headers["content-type"] == "image/png"
    assert png.content.startswith(b"\x89PNG")
    svg = client.post("/api/picture", json={**asked, "kind": "svg", "theme": "dark", "size": "print"})
    assert svg.headers["content-type"] == "image/svg+xml"
    assert "登鸛雀樓" in svg.text


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        (
            "generate",
            {"prompt": "moon"},
            "'m' is not a Chinese character; begin with Chinese",
        ),
        ("generate", {"promt": "月"}, "unknown setting 'promt'; did you mean prompt?"),
        ("generate", {"count": 13}, "count is 13; here it may be at most 12"),
        ("generate", {"count": True}, "count must be a JSON integer, not True"),
        ("generate", {"temperature": float("nan")}, "temperature is nan; here it may be at most 10"),
        ("generate", {"prompt": "月" * 341}, "prompt has 341 characters; here it may be at most 340"),
        ("generate", {"form": "七言排律30"}, f"this server writes at most {MOST_HANZI}"),
        ("generate", {"form": "七七"}, "unknown form"),
        ("generate", ["月"], 'send a JSON object, such as {"prompt": "月"}'),
        ("rewrite", {"line": 2}, "poem is missing"),
        ("rewrite", {"poem": POEM_OF_WANG, "line": 5}, "there is no line 5 to rewrite; the poem has 4"),
        ("check", {"text": ""}, "the text is empty"),
        ("check", {"text": f"{POEM_OF_WANG}\n\n" * (MOST_CHECKED + 1)}, f"more than {MOST_CHECKED} poems"),
        ("picture", {"text": "moon"}, "no hanzi"),
        ("picture", {"text": POEM_OF_WANG, "kind": "gif"}, "kind cannot be 'gif'; choose one of: png, svg"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(client, name, body, message):
    response = client.post(f"/api/{name}", content=json.dumps(body), headers=JSON)
    assert response.status_code == 400
    assert [*response.json()] == ["error"]
    assert message in response.json()["error"]


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("", "'m' is not a Chinese character; begin with Chinese characters, such as 月"),
        ("fr-FR,fr;q=0.9", "'m' is not a Chinese character; begin with Chinese characters, such as 月"),
        (
            "en-US,en;q=0.9,zh-CN;q=0.8",
            "'m' is not a Chinese character; begin with Chinese characters, such as 月",
        ),
        ("zh-Hans", "'m' 不是汉字；请以汉字开头，如“月”"),
        ("fr,zh-CN;q=0.9,en;q=0.8", "'m' 不是汉字；请以汉字开头，如“月”"),
        ("zh-TW,zh;q=0.9", "'m' 不是漢字；請以漢字開頭，如「月」"),
        ("zh;q=x,en;q=0.1", "'m' is not a Chinese character; begin with Chinese characters, such as 月"),
    ],
)
def test_refusals_are_in_the_readers_language_whatever_the_servers(client, monkeypatch, header, sentence):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    answer = client.post("/api/generate", json={"prompt": "moon"}, headers={"accept-language": header})
    assert answer.json() == {"error": sentence}


def test_notes_and_verdicts_are_in_the_readers_language(client):
    asked, chinese = {"prompt": "你们", "best_of": 1, "seed": 1}, {"accept-language": "zh-CN"}
    (poem,) = poems(client.post("/api/generate", json=asked, headers=chinese))
    assert poem["notes"] == ["模型没有见过“们”，当作“辈”来读"]
    (judged,) = client.post("/api/check", json={"text": POEM_OF_WANG}, headers=chinese).json()["poems"]
    assert judged["summary"].endswith("合律")
    (judged,) = client.post("/api/check", json={"text": POEM_OF_WANG}).json()["poems"]
    assert judged["summary"].endswith("keeps every rule")
    missing = client.post("/api/check", json={}, headers=chinese)
    assert missing.json() == {"error": "缺少 text：一首或几首诗，之间用空行隔开。"}


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (("GET", "/api/generate", {}), 405),
        (("GET", "/nowhere", {}), 404),
        (("GET", "/../pyproject.toml", {}), 404),
        (("POST", "/api/check", {"content": b"text=1"}), 415),
        (("POST", "/api/check", {"content": b"{", "headers": JSON}), 400),
        (("POST", "/api/check", {"content": b"\xff", "headers": JSON}), 400),
        (
            (
                "POST",
                "/api/check",
                {"content": b"[" * 60_000, "headers": JSON},
            ),
            400,
        ),
        (
            (
                "POST",
                "/api/check",
                {"content": b" " * (MOST_BYTES + 1), "headers": JSON},
            ),
            413,
        ),
        (("GET", "/", {"headers": {"host": "evil.example"}}), 421),
    ],
)
def test_odd_requests_are_answered_too(client, request_, status):
    method, address, more = request_
    response = client.request(method, address, **more)
    assert response.status_code == status
    assert [*response.json()] == ["error"]
    assert HEADERS.items() <= {name.title(): value for name, value in response.headers.items()}.items()


words = st.sampled_from([*"月山红紅", "五絕", "七律", "東", "auto", "off"])
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | words
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=5
)


def bodies(name):
    return st.tuples(st.just(name), st.dictionaries(st.sampled_from([*ALL[name]]), values, max_size=4))


@settings(max_examples=150)
@given(st.sampled_from([*ALL]).flatmap(bodies))
def test_no_request_is_a_fault_of_ours(tiny_client, asked):
    name, body = asked
    response = tiny_client.post(f"/api/{name}", content=json.dumps(body), headers=JSON)
    assert response.status_code in (200, 400), response.text
    assert response.status_code == 200 or len(response.json()["error"]) > 10


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("localhost", True),
        ("LOCALHOST:8000", True),
        ("127.0.0.1:8000", True),
        ("[::1]:8000", True),
        ("192.168.1.7", True),
        ("poems.lan:80", True),
        ("evil.example", False),
        ("localhost.evil.example:8000", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
    ],
)
def test_the_server_answers_to_its_own_names(host, is_ours):
    assert Guard(None, names=("poems.lan",)).answers_to(host) == is_ours


def test_more_than_can_be_waited_for_is_told_to_come_again():
    async def ask_too_much():
        shop, gate = Workshop(), threading.Event()
        wait = partial(gate.wait, 60)
        asked = [asyncio.ensure_future(shop.run(wait)) for _ in range(WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await shop.run(wait)
        gate.set()
        assert all(await asyncio.gather(*asked))
        await asyncio.sleep(0.01)
        assert await shop.run(lambda: 1) == 1

    asyncio.run(ask_too_much())


def test_a_reader_who_leaves_stops_the_work():
    written, closed = [], threading.Event()

    def write():
        try:
            for number in range(1000):
                written.append(number)
                yield {"index": number}
        finally:
            closed.set()

    async def read_two_and_leave():
        response = await stream(Workshop(), write)
        rows = response.body_iterator
        assert [json.loads(await anext(rows))["index"] for _ in range(2)] == [0, 1]
        await rows.aclose()

    asyncio.run(read_two_and_leave())
    assert closed.wait(60)
    assert len(written) == 2
