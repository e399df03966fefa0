"""The house: imports go one way, its budget holds, a file fits in one reading, and what a variant trains is data, never
a branch on its name. That lines are short and all that is public has a docstring, ruff holds.
"""

import ast
import graphlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

import pauselib

PACKAGE = Path(pauselib.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
BESIDE = [path for folder in ("tools", "benchmarks") for path in sorted((ROOT / folder).rglob("*.py"))]
FLOORS, LINES = 16, 300
CORE = (
    "tasks injection sources model training decoding settings declared artifacts steps variants tokens positions "
    "errors progress machine files manifests runs __init__"
).split()
BUDGET = {"pauselib": 10_000, "core": 5_500, "tests": 10_000}  # lines of Python


def module_name(path: Path) -> str:
    """The full name of a module, that of the folder for its `__init__`."""
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_name(path): ast.parse(path.read_text()) for path in FILES}
by_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
by_any_file = pytest.mark.parametrize("path", [*FILES, *BESIDE], ids=lambda path: path.relative_to(ROOT).as_posix())


def imports(node: ast.AST, within_functions: bool) -> Iterator[str]:
    """The modules of the package that are imported below a node; what only a type checker sees is left out."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names if alias.name in MODULES)
        elif isinstance(child, ast.ImportFrom):
            for alias in child.names:
                full = f"{child.module}.{alias.name}"
                yield from [name for name in (full if full in MODULES else child.module,) if name in MODULES]
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        elif within_functions or not isinstance(child, ast.FunctionDef | ast.Lambda):
            yield from imports(child, within_functions)


def module_graph(within_functions: bool) -> dict[str, set[str]]:
    """Which modules each module imports."""
    return {name: set(imports(tree, within_functions)) - {name} for name, tree in MODULES.items()}


def room(module: str) -> str:
    """The sub-package of a module, or the module itself where it stands beside them."""
    return module.split(".")[1] if "." in module else "__init__"


def order_of_rooms() -> list[str]:
    """The rooms in the order of the table in docs/design.md, from the bottom of the house to its top."""
    table = (ROOT / "docs" / "design.md").read_text().partition("| room | what it has |")[2].partition("\n\n")[0]
    first_cells = [line.split("|")[1] for line in table.splitlines()[2:]]
    return [name.strip("/") for cell in first_cells for name in re.findall(r"`([\w/]+)`", cell)]


def test_no_module_imports_itself_in_a_circle_not_even_inside_functions():
    graphlib.TopologicalSorter(module_graph(within_functions=True)).prepare()  # raises CycleError, which names them


def test_imports_go_down_the_table_of_rooms_in_the_design_not_even_functions_look_up():
    order = ["__init__", *order_of_rooms()]
    upwards = [
        f"{name} -> {other}"
        for name, imported in module_graph(within_functions=True).items()
        for other in imported
        if room(name) != "__init__" and order.index(room(other)) > order.index(room(name))
    ]
    assert upwards == []


def test_the_longest_chain_of_imports_has_so_many_floors_at_most():
    graph = module_graph(within_functions=False)
    floors = {}
    for name in graphlib.TopologicalSorter(graph).static_order():
        floors[name] = 1 + max((floors[below] for below in graph[name]), default=0)
    assert max(floors.values()) <= FLOORS, sorted(floors.items(), key=lambda item: item[1])[-5:]


def lines_of(paths) -> int:
    """How many lines some files have, blank ones included."""
    return sum(len(path.read_text().splitlines()) for path in paths)


def test_the_house_keeps_to_its_budget():
    found = {
        "pauselib": lines_of(FILES),
        "core": lines_of(path for path in FILES if room(module_name(path)) in CORE),
        "tests": lines_of((ROOT / "tests").rglob("*.py")),
    }
    assert {name: found[name] for name in found if found[name] > BUDGET[name]} == {}
    readme = (ROOT / "README.md").read_text().splitlines()
    assert len(readme) <= 100
    assert max(map(len, readme)) <= 200


def test_imports_inside_functions_are_found_and_those_of_a_type_checker_left_out():
    hidden = "def f():\n    from pauselib import steps\nif TYPE_CHECKING:\n    import pauselib.tokens"
    tree = ast.parse(f"import pauselib.runs\n{hidden}")
    assert list(imports(tree, True)) == ["pauselib.runs", "pauselib.steps"]
    assert list(imports(tree, False)) == ["pauselib.runs"]


@by_any_file
def test_a_file_fits_in_one_reading(path):
    assert len(path.read_text().splitlines()) <= LINES


VARIANT = re.compile(r"FIRST_STEP|MATCHED|['\"](sft|baseline)|_peft|_fr_")  # the name of one, or a piece of a name


def branches_on_a_name(tree: ast.AST) -> list[str]:
    """What compares something with a variant's name."""
    compared = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare | ast.MatchValue)
        or (isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("startswith", "endswith"))
    ]
    return [code for code in compared if VARIANT.search(code)]


@pytest.mark.parametrize(
    "branch",
    [
        'if variant == "sft_peft": pass',
        "x = 1 if name != FIRST_STEP else 2",
        'if name in ("sft", "other"): pass',
        'if name.startswith("baseline"): pass',
        'if "_peft" in name: pass',
        'match name:\n    case "baseline_matched": pass',
    ],
)
def test_a_branch_on_a_variant_s_name_would_be_found(branch):
    assert branches_on_a_name(ast.parse(branch))


@by_file
def test_nothing_depends_on_the_name_of_a_variant_but_the_module_of_the_variants(path):
    assert module_name(path) == "pauselib.variants" or branches_on_a_name(MODULES[module_name(path)]) == []
