"""The pause model's classes as one file that needs nothing of this package, for a folder that is loaded elsewhere."""

import ast
import importlib.util
from pathlib import Path

HEADER = '''"""A causal language model with a pause token, for `trust_remote_code=True`. Written by pauselib.

    log p(pause) = log_softmax(pause_head(h))[pause]
    log p(v)     = log_softmax(pause_head(h))[no pause] + log_softmax(lm_head(h))[v]
"""

'''


def self_contained(module: str, *names: str) -> str:
    """Return the source of some classes or functions of a module of this package, with all that they need of it."""
    imports, definitions, seen = set(), [], set()

    def collect(module: str, name: str) -> None:
        """Take what a module calls `name`, after all that it needs."""
        if (module, name) in seen:
            return
        seen.add((module, name))
        source = Path(importlib.util.find_spec(module).origin).read_text(encoding="utf-8")
        for node in ast.parse(source).body:
            if isinstance(node, ast.Import | ast.ImportFrom) and name in names_defined(node):
                place = getattr(node, "module", "")
                if place.split(".")[0] == module.split(".")[0]:
                    collect(place, name)
                else:
                    imports.add(f"from {place} import {name}" if place else f"import {name}")
            elif name in names_defined(node):
                for needed in sorted({one.id for one in ast.walk(node) if isinstance(one, ast.Name)}):
                    collect(module, needed)
                first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
                definition = "\n".join(source.splitlines()[first - 1 : node.end_lineno])
                definitions.extend([definition] if definition not in definitions else [])

    for name in names:
        collect(module, name)
    return "\n\n\n".join([HEADER + "\n".join(sorted(imports)), *definitions]) + "\n"


def names_defined(node: ast.stmt) -> list[str]:
    """Return the names that a statement of a module defines; what is imported under another name is not known here."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.name for alias in node.names if alias.asname is None]
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)]
