"""The faults that benchmarks/mutations.py plants: one changed node of a file's syntax tree each."""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Fault:
    """One changed node: the `place`-th of a file's that can be, with what was there and what is now."""

    file: str
    line: int
    place: int
    change: str
    text: str

    @property
    def key(self) -> str:
        """What it is, wherever the line has moved to."""
        return f"{self.file}: {self.text}: {self.change}"


def changed(node: ast.AST) -> ast.AST | None:
    """A node's faulty twin; None where nothing is changed."""
    twin = copy.copy(node)
    match twin:
        case ast.Compare(ops=[op]) if type(op) in COMPARISONS:
            twin.ops = [COMPARISONS[type(op)]()]
        case ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in ARITHMETIC:
            twin.op = ARITHMETIC[type(op)]()
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand):
            return operand
        case ast.BoolOp(op=op):
            twin.op = ast.Or() if isinstance(op, ast.And) else ast.And()
        case ast.Constant(value=bool(value)):
            twin.value = not value
        case ast.Constant(value=int(value) | float(value)):
            twin.value = value + 1
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            twin.test = ast.UnaryOp(ast.Not(), test)
        case ast.Call(func=ast.Name(id=name) as func) if name in NAMES:
            twin.func = ast.copy_location(ast.Name(NAMES[name], ast.Load()), func)
        case ast.Expr(value=ast.Call()) | ast.Raise():
            return ast.Pass()
        case _:
            return None
    return twin


def changeable(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes that can be changed, in order: no types, messages or docstrings among them."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "decorator_list", "bases") or isinstance(tree, ast.JoinedStr):
            continue
        if isinstance(tree, ast.keyword) and tree.arg == "strict":  # of zip: a check that nothing should need
            continue
        for node in value if isinstance(value, list) else [value]:
            if isinstance(node, ast.AST):
                if changed(node) is not None:
                    yield node
                if not isinstance(node, ast.Raise):
                    yield from changeable(node)


class Planting(ast.NodeTransformer):
    """Puts a twin in the place of one node."""

    def __init__(self, node: ast.AST, twin: ast.AST) -> None:
        self.node, self.twin = node, twin

    def visit(self, node: ast.AST) -> ast.AST:
        """The twin for the node, and all else as it is."""
        return ast.copy_location(self.twin, node) if node is self.node else self.generic_visit(node)


def faults_of(path: Path) -> list[Fault]:
    """All that a file can have."""
    source = path.read_text(encoding="utf-8")
    lines, name = source.splitlines(), path.relative_to(ROOT).as_posix()
    found = []
    for place, node in enumerate(changeable(ast.parse(source))):
        twin = changed(node)
        assert twin is not None and isinstance(node, ast.expr | ast.stmt)
        before, after = (ast.unparse(ast.fix_missing_locations(one)).split("\n")[0] for one in (node, twin))
        found.append(Fault(name, node.lineno, place, f"{before} → {after}", lines[node.lineno - 1].strip()))
    return found


def plant(source: str, fault: Fault) -> ast.Module:
    """The file's syntax tree with the fault in it, its lines numbered as they were."""
    tree = ast.parse(source)
    node = list(changeable(tree))[fault.place]
    twin = changed(node)
    assert twin is not None
    planted = Planting(node, twin).visit(tree)
    assert isinstance(planted, ast.Module)
    return ast.fix_missing_locations(planted)


def outer_function(source: str, fault: Fault) -> range:
    """The lines of the outermost function or method around a fault, its decorators too; none outside of them."""
    places = list(ast.parse(source).body)
    for node in places:
        if isinstance(node, ast.ClassDef):
            places += node.body
        elif isinstance(node, ast.FunctionDef) and node.end_lineno:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if first <= fault.line <= node.end_lineno:
                return range(first, node.end_lineno + 1)
    return range(0)
