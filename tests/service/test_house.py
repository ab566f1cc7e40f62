"""The rules of the house that no linter knows: what the domain may import, and how long things may be."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

HOUSE = Path(__file__).parents[2]
LONGEST_MODULE = 400
ONE_FILE_ON_PURPOSE = {"service/audit/verify.py"}  # an auditor takes it along, so it can't be several
LONGEST_FUNCTION = 70
CHANGES_ITS_SESSION = re.compile(
    r"""^\s*(?:SET\s+(?!LOCAL\b)|RESET|LISTEN|UNLISTEN|DISCARD|PREPARE|DEALLOCATE|LOAD)\b
    | pg_(?:try_)?advisory_lock | WITH\s+HOLD | set_config\((?![^)]*\btrue\))""",
    re.VERBOSE,
)
ON_A_CONNECTION_OF_ITS_OWN = {"service/database/migrate.sql"}
ALLOWED_IN_THE_DOMAIN = {*sys.stdlib_module_names, "domain", "msgspec", "transitions"}


def _sources(*rooms: str) -> list[Path]:
    found = [path for room in rooms for path in sorted((HOUSE / room).rglob("*.py"))]
    assert found
    return found


@cache
def _nodes(path: Path) -> list[ast.AST]:
    """All that a module is made of."""
    return list(ast.walk(ast.parse(path.read_text())))


def _imported(path: Path) -> Iterator[str]:
    """The top-level packages that a module imports, anywhere in it."""
    for node in _nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module).partition(".")[0]


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    """The functions of a module, with their length in lines."""
    for node in _nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield (
                f"{path.relative_to(HOUSE)}:{node.lineno} {node.name}",
                (node.end_lineno or 0) - node.lineno + 1,
            )


def test_the_domain_imports_the_standard_library_msgspec_and_transitions_only() -> None:
    foreign = [(str(path), name) for path in _sources("domain") for name in _imported(path)]
    assert [found for found in foreign if found[1] not in ALLOWED_IN_THE_DOMAIN] == []


def test_no_module_is_longer_than_400_lines() -> None:
    lengths = {
        str(path): path.read_text().count("\n")
        for path in _sources("domain", "projections", "service", "tests")
        if str(path.relative_to(HOUSE)) not in ONE_FILE_ON_PURPOSE
    }
    assert {path: length for path, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    found = [
        function
        for path in _sources("domain", "projections", "service", "tests")
        for function in _functions(path)
    ]
    assert [function for function in found if function[1] > LONGEST_FUNCTION] == []


def _statements() -> Iterator[tuple[str, str]]:
    """The statements of the service and its read models, with the files that hold them."""
    for room in ("service", "projections"):
        for path in sorted((HOUSE / room).rglob("*.sql")):
            for named in path.read_text().split("-- name:")[1:]:
                lines = named.splitlines()[1:]
                yield str(path.relative_to(HOUSE)), "\n".join(x for x in lines if not x.startswith("--"))
        for path in sorted((HOUSE / room).rglob("*.py")):
            for node in _nodes(path):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield str(path.relative_to(HOUSE)), node.value


def test_no_statement_changes_its_session_for_a_connection_goes_back_to_the_pool_as_it_is() -> None:
    assert CHANGES_ITS_SESSION.search("SET search_path = public")
    assert CHANGES_ITS_SESSION.search("SELECT pg_advisory_lock(1)")
    found = {path for path, statement in _statements() if CHANGES_ITS_SESSION.search(statement)}
    assert found == ON_A_CONNECTION_OF_ITS_OWN
