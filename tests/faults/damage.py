"""Files made worse: bytes changed, cut and repeated; in JSON any value put in the place of another."""

import json
import random
from typing import Any

# what a value may be replaced by: other kinds, and what no number, name or list should be
WRONG: tuple[Any, ...] = (
    None, True, -1, 10**29, 1.5, float("nan"), float("inf"), "", "\x1b[31m", "\ud800", "\x00", "../../x",
    "9" * 5000, [], {}, [[]], {"": None},
)  # fmt: skip
RAW = (b"1e999", b"-1e999", b"[" * 100_000, b"9" * 5000, b'"\\ud800"', b"NaN", b"Infinity")


def mutate(content: bytes, rng: random.Random) -> bytes:
    """The content with something wrong, of a kind that the draw decides."""
    kinds = [_cut, _flip, _repeat, _replace_word]
    if content[:1] in (b"{", b"["):
        kinds += [_change_json] * 6
    return rng.choice(kinds)(content, rng)


def _cut(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def _flip(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 3, 20))):
        if changed:
            changed[rng.randrange(min(len(changed), rng.choice((64, 512, 10**9))))] = rng.randrange(256)
    return bytes(changed)


def _repeat(content: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(content) + 1)
    return (
        content[:start]
        + content[start : start + rng.randrange(1, 200)] * rng.choice((0, 2, 50))
        + content[start:]
    )


def _replace_word(content: bytes, rng: random.Random) -> bytes:
    words = content.split(b" ")
    words[rng.randrange(len(words))] = rng.choice(RAW)
    return b" ".join(words)


def _change_json(content: bytes, rng: random.Random) -> bytes:
    """One value of a JSON file, or of one of its lines, is another, or gone."""
    lines = content.decode().splitlines() if b"\n{" in content else [content.decode()]
    chosen = rng.randrange(len(lines))
    try:
        value = json.loads(lines[chosen])
    except ValueError:  # TOML begins with a bracket too
        return _flip(content, rng)
    lines[chosen] = json.dumps(_change_value(value, rng))
    return "\n".join(lines).encode()


def _change_value(value: Any, rng: random.Random) -> Any:
    """The value with one of those in it, or the whole, replaced or removed."""
    top = {"": value}
    holder: Any = top
    key: Any = ""
    while isinstance(holder[key], dict | list) and holder[key] and rng.random() < 0.8:
        holder = holder[key]
        key = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    if rng.random() < 0.2 and holder is not top:
        del holder[key]
    else:
        holder[key] = rng.choice(WRONG)
    return top[""]
