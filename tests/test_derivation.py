"""docs/derivation.md: every equation has its function and its test, mathematics renders, shapes are the code's.

The Chinese page is held to the same, and to the English one, equation by equation.
"""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from poetgen.byhand import embedding, jacobians, language_model, linear, lstm, rnn, rtrl, softmax
from poetgen.byhand.linear import LinearParameters
from poetgen.byhand.lstm import LSTMParameters
from poetgen.byhand.rnn import RNNParameters

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "derivation.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "docs" / "derivation.zh-CN.md").read_text(encoding="utf-8")
both = pytest.mark.parametrize("page", [PAGE, CHINESE], ids=["English", "Chinese"])
EQUATIONS = sorted(ROOT.glob("tests/byhand/test_equations_*.py"))

PROOF = re.compile(
    r"<sub>\((\d+)\) → `(poetgen/[\w/]+\.py)::([\w.]+)` · `(tests/[\w/]+\.py)::(test_\w+)`</sub>"
)
INLINE = re.compile(r"\$`([^`\n]+)`\$")

# of what MathJax knows, these render on GitHub, which forbids some (operatorname, newcommand, ...)
MACROS = frozenset(
    re.findall(
        r"\w+",
        """
        alpha ast begin beta big Big bigg cdot cdots delta Delta dfrac dots ell end epsilon eta frac gamma gt
        hat kappa lambda le leftarrow log Longrightarrow lt lvert lVert mapsto mathbf mathrm max mu nabla ne nu
        odot omega overline partial pi Pi psi qquad quad rho rvert rVert sigma sqrt sum tag tanh tau text tfrac
        theta tilde top varphi zeta
        """,
    )
)
SYMBOL_MACROS = {"\\", ",", ";", "!", "{", "}", "|"}
ENVIRONMENTS = {"aligned", "bmatrix", "cases"}


# ---- what makes a page faultless ----


@functools.cache
def defined(path: str) -> frozenset[str]:
    """Functions of a file of the repository, methods with their class; none if there is no such file."""
    if not (ROOT / path).is_file():
        return frozenset()
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    methods = {f"{c.name}.{m.name}" for c in classes for m in c.body if isinstance(m, ast.FunctionDef)}
    return frozenset(functions | methods)


def own_tests() -> dict[int, list[str]]:
    """Of each equation's number, the tests that write it out."""
    found: dict[int, list[str]] = {}
    for path in EQUATIONS:
        for name in defined(path.relative_to(ROOT).as_posix()):
            if match := re.match(r"test_equation_(\d+)_", name):
                found.setdefault(int(match[1]), []).append(name)
    return found


def displays(page: str) -> list[tuple[str, str]]:
    """Every block of mathematics, and the line right after it."""
    return [
        (block, rest.partition("\n")[0])
        for block, rest in re.findall(r"^```math\n(.*?)^```\n(?=(.*))", page, flags=re.MULTILINE | re.DOTALL)
    ]


def prose(page: str) -> str:
    """The page without blocks, inline mathematics and code."""
    text = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]+`", "", INLINE.sub("", text))


def faults(page: str) -> list[str]:
    """What is wrong with it, in words."""
    return [*numbering_faults(page), *math_faults(page), *reference_faults(page)]


def numbering_faults(page: str) -> Iterator[str]:
    """Every block is one equation, numbered in order, with function, test, and a test of its own."""
    tests = own_tests()
    for expected, (block, line) in enumerate(displays(page), start=1):
        if (tags := re.findall(r"\\tag\{(.*?)\}", block)) != [str(expected)]:
            yield f"equation {expected} is numbered {tags}"
        proof = PROOF.fullmatch(line)
        if proof is None or int(proof[1]) != expected:
            yield f"equation {expected} is followed by: {line}"
            continue
        for path, name in (proof.group(2, 3), proof.group(4, 5)):
            if name not in defined(path):
                yield f"equation {expected}: there is no {name} in {path}"
        if expected not in tests:
            yield f"equation {expected} is written out in no test"
    if len(PROOF.findall(page)) != len(displays(page)) or page.count("<sub>") != len(displays(page)):
        yield "a line of proof stands alone"


def math_faults(page: str) -> Iterator[str]:
    """Braces, environments and macros; delimiters where GitHub sees them."""
    inline = INLINE.findall(page)
    for formula in [*inline, *(block for block, _ in displays(page))]:
        macros = re.findall(r"\\([A-Za-z]+|.)", formula, flags=re.DOTALL)
        if unknown := {m for m in macros if m not in MACROS and m not in SYMBOL_MACROS}:
            yield f"macros {sorted(unknown)} in {formula}"
        depth, least = 0, 0
        for brace in re.findall(r"(?<!\\)[{}]", formula):
            depth += 1 if brace == "{" else -1
            least = min(least, depth)
        if depth or least:
            yield f"unbalanced braces in {formula}"
        stack: list[str] = []
        for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", formula):
            if name not in ENVIRONMENTS or (kind == "end" and (not stack or stack.pop() != name)):
                yield f"environment {name} in {formula}"
            if kind == "begin":
                stack.append(name)
        if stack:
            yield f"environment {stack} is never ended in {formula}"
        if "<" in formula or ">" in re.sub(r"\[h > 0\]", "", formula):
            yield f"bare < or > in {formula}"
    if "$" in prose(page):
        yield "a dollar that delimits nothing"
    # GitHub takes no inline mathematics that touches a letter or digit, nor |, which would end a table's cell
    yield from (
        f"inline mathematics touches {m[0]}" for m in re.finditer(r"[\w\-*]\$`[^`\n]*|`\$[\w*]", page)
    )
    yield from (f"a bar in {formula}" for formula in inline if "|" in formula)


def reference_faults(page: str) -> Iterator[str]:
    """Numbers of equations and sections, anchors, and the list of papers."""
    text, _, papers = prose(page).partition("## 12 ")
    papers = papers.partition("\n")[2]
    last = len(displays(page))
    yield from (
        f"no equation {n}" for n in re.findall(r"(?<!\w)\((\d{1,3})\)", text) if not 1 <= int(n) <= last
    )
    headings = re.findall(r"^#+ (.*)$", page, flags=re.MULTILINE)
    numbers = {heading.split()[0] for heading in headings}
    yield from (
        f"no section {n}"
        for match in re.finditer(r"[Ss]ection (\d+(?:\.\d+)?)|第 (\d+(?:\.\d+)?) 节", text)
        if (n := match[1] or match[2]) not in numbers
    )
    slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    yield from (f"no heading {a}" for a in re.findall(r"\]\(#([^)]+)\)", page) if a not in slugs)
    listed = re.findall(r"^- (\S+), .*?\((\d{4})\)\.", papers, flags=re.MULTILINE)
    if listed != sorted(listed) or len(listed) != len(papers.strip().splitlines()):
        yield "the papers are not in order"
    for name, year in listed:
        if not re.search(rf"{name}\b(?: et al\.|[^.;])*?{year}", text):
            yield f"{name} ({year}) is not cited"
    cited = re.findall(r"([A-Z]\w+)(?: et al\.|(?:, [A-Z][\w-]+)* & [A-Z]\w+)?,? \(?((?:19|20)\d\d)\b", text)
    surnames = {(name, year) for line in papers.splitlines() for year in re.findall(r"\((\d{4})\)\.", line)
                for name in re.findall(r"([A-Z]\w+), [A-Z]", line)}  # fmt: skip
    yield from (f"{name} {year} is not listed" for name, year in cited if (name, year) not in surnames)


@both
def test_the_page_has_no_fault(page: str) -> None:
    assert faults(page) == []
    assert len(displays(page)) > 50


def sections(page: str) -> list[tuple[str, str]]:
    """Every numbered section: its number, and its text."""
    return re.findall(r"^#{2,3} (\d[\d.]*) (.*?)(?=^#{2,3} \d|\Z)", page, flags=re.MULTILINE | re.DOTALL)


def same_in_every_language(formula: str) -> str:
    """Mathematics without its words."""
    return re.sub(r"\\text\{[^}]*\}", r"\\text{}", formula)


def test_both_pages_say_the_same_equation_by_equation() -> None:
    for (ours, proof), (theirs, same) in zip(displays(PAGE), displays(CHINESE), strict=True):
        assert same_in_every_language(ours) == same_in_every_language(theirs) and proof == same
    for (number, english), (again, chinese) in zip(sections(PAGE), sections(CHINESE), strict=True):
        assert number == again
        inline = [{same_in_every_language(f) for f in INLINE.findall(text)} for text in (english, chinese)]
        assert inline[0] == inline[1], number
        files = [
            set(re.findall(r"`([\w/]+\.py|poetgen [\w -]+)`|\]\((\S+\.svg)\)", t)) for t in (english, chinese)
        ]
        assert files[0] == files[1], number
        rows = [re.findall(r"^\|.*$", INLINE.sub("", text), re.MULTILINE) for text in (english, chinese)]
        cells = [re.findall(r"\d+(?:[.,]\d+)*", "".join(one)) for one in rows]
        assert cells[0] == cells[1], number
    references = [page.partition("## 12 ")[2].partition("\n")[2] for page in (PAGE, CHINESE)]
    assert references[0] == references[1]


PLANTED = [
    (r"\tag{7}", r"\tag{8}", "equation 7 is numbered ['8']"),
    ("<sub>(9) → ", "<sub>(10) → ", "equation 9 is followed by"),
    ("lstm.py::step_forward`", "lstm.py::step_forwards`", "there is no step_forwards"),
    ("test_lstm.py::test_steps_equal_torch`", "test_lstm.py::test_steps`", "there is no test_steps"),
    (r"\mathrm{diag}", r"\operatorname{diag}", "macros ['operatorname']"),
    (r"\frac{1}{1 + e^{-a}}", r"\frac{1}{1 + e^{-a}", "unbalanced braces"),
    (r"\end{aligned}", r"\end{align}", "environment align"),
    ("$`x_t`$", "$x_t$", "a dollar"),
    ("with $`q_{t-1}`$", "with$`q_{t-1}`$", "inline mathematics touches"),
    ("section 4.1", "section 4.9", "no section 4.9"),
    ("](#4-through-time)", "](#4-in-time)", "no heading 4-in-time"),
    ("Elman's (1990)", "Elman's", "Elman (1990) is not cited"),
    ("Press & Wolf 2017", "Press & Wolf 2016", "Press 2016 is not listed"),
]


@pytest.mark.parametrize(("good", "bad", "told"), PLANTED, ids=[told for *_, told in PLANTED])
def test_a_planted_fault_is_found(good: str, bad: str, told: str) -> None:
    page = re.sub(re.escape(good), lambda _: bad, PAGE, count=1, flags=re.IGNORECASE)
    assert page != PAGE
    assert any(told in fault for fault in faults(page))


# ---- shapes ----

SIZES = {"T": 7, "B": 3, "E": 5, "H": 4, "V": 11}


def returned() -> dict[str, Any]:
    """What every function of the table returns, on inputs of these sizes."""
    T, B, E, H, V = SIZES.values()
    rng = np.random.default_rng(0)

    def drawn(*shape: int) -> Any:
        return rng.normal(size=shape)

    cell = LSTMParameters(drawn(4 * H, E), drawn(4 * H, H), drawn(4 * H))
    state, x, ids = lstm.LSTMState(drawn(B, H), drawn(B, H)), drawn(T, B, E), rng.integers(V, size=(T, B))
    y, last, kept = lstm.forward(cell, x, state)
    grads, dx, dstate = lstm.backward(cell, kept, drawn(T, B, H), last)
    step = kept.step(0)
    output = LinearParameters(drawn(V, H), drawn(V))
    dlogits = softmax.backward(softmax.forward(drawn(T * B, V), ids.reshape(-1))[1], np.ones(T * B))
    doutput, dy = linear.backward(output, y, drawn(T, B, V))
    simple = RNNParameters(drawn(H, E), drawn(H, H), drawn(H))
    _, _, walked = rnn.forward(simple, x, drawn(B, H))
    table = drawn(V, E)
    tied = language_model.Parameters(table, (cell,), drawn(E, H), table, drawn(V))
    _, learned, _ = language_model.gradients(
        tied, ids, ids, lengths=np.full(B, T), state=language_model.init_state(tied, B)
    )
    return {
        "jacobians.step_jacobians": jacobians.step_jacobians(cell, step),
        "jacobians.immediate": jacobians.immediate(step),
        "rtrl.update_influence": rtrl.update_influence(cell, step, rtrl.no_influence(cell, B)),
        "lstm.backward": SimpleNamespace(grads=grads, dx=dx, dstate=dstate),
        "softmax.backward": SimpleNamespace(dlogits=dlogits),
        "linear.backward": SimpleNamespace(grads=doutput, dx=dy),
        "embedding.backward": SimpleNamespace(dweight=embedding.backward(table, ids, x)),
        "language_model.gradients": SimpleNamespace(grads=learned),
        "jacobians.rnn_jacobians": SimpleNamespace(
            **dict(zip(("h_hbefore", "h_x"), jacobians.rnn_jacobians(simple, walked.step(0)), strict=True))
        ),
        "rnn.backward": SimpleNamespace(grads=rnn.backward(simple, walked, drawn(T, B, H), drawn(B, H))[0]),
    }


def size(written: str) -> int:
    """Of a product such as 4H or TB."""
    return int(
        np.prod([SIZES[part] if part in SIZES else int(part) for part in re.findall(r"\d+|[A-Z]", written)])
    )


SHAPES = re.findall(r"^\| \$`.*\| \(([^)]*)\) \| \(\d+\) \| `([\w.]+)` → (.*) \|$", PAGE, flags=re.MULTILINE)


def test_every_shape_printed_is_the_one_returned() -> None:
    found = returned()
    for shape, function, fields in SHAPES:
        for field in re.findall(r"[\w.]+", fields):
            array = functools.reduce(getattr, field.split("."), found[function])
            assert array.shape == tuple(size(part) for part in re.findall(r"\w+", shape)), (function, field)
    table = PAGE.partition("## 7 ")[2].partition("\n## ")[0]
    assert len(SHAPES) == len(re.findall(r"^\| \$", table, flags=re.MULTILINE)) > 30
    assert {function for _, function, _ in SHAPES} == found.keys()
