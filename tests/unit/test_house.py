"""The house's own rules, kept by machine: names, sizes, docstrings, sentences."""

import ast
import re
from pathlib import Path

import pytest

from shared import texts

ROOT = Path(__file__).parent.parent.parent
SERVICES = sorted(path for path in (ROOT / "services").iterdir() if (path / "main.py").exists())
NAMES = {"domain", "store", "handlers", "api", "consumers", "jobs", "main", "__main__", "__init__", "templates"}
CODE = sorted(path for room in ("services", "shared", "menshen") for path in (ROOT / room).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
MOST_LINES, MOST_FUNCTION_LINES = 300, 40


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("service", SERVICES, ids=named)
class TestService:
    def test_adds_no_name(self, service: Path) -> None:
        """Whoever knows one service knows them all (ADR 2). The gateway, which has no state, is a door, not a room."""
        if service.name == "gateway":
            return
        found = {path.stem for path in service.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}

        assert found <= NAMES

    def test_introduces_itself(self, service: Path) -> None:
        """A README of one screen: owns, publishes, listens, endpoints."""
        readme = (service / "README.md").read_text(encoding="utf-8")

        assert len(readme.splitlines()) <= 40


@pytest.mark.parametrize("path", CODE, ids=named)
def test_no_file_and_no_function_outgrows_the_reader(path: Path) -> None:
    """Budget the tail: 300 lines a file, 40 a function."""
    source = path.read_text(encoding="utf-8")

    assert len(source.splitlines()) <= MOST_LINES
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MOST_FUNCTION_LINES, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", TESTS, ids=named)
def test_every_test_says_why_it_matters(path: Path) -> None:
    """Its docstring is the rule; a test without one is a riddle when it fails."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    tests = [one for one in nodes if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))]
    silent = [one.name for one in tests if one.name.startswith("test_") and not ast.get_docstring(one)]

    assert silent == []


def test_every_code_has_its_sentences() -> None:
    """A person reads a sentence in their language, never a code."""
    raised = re.compile(r'(?:conflict|_fault|Refusal|Unreadable)\(\s*"([a-z_]+)"|invalid\(\s*"[^"]+",\s*"([a-z_]+)"')
    kinds = re.compile(r'DomainError\(\s*Kind\.[A-Z_]+,\s*"([a-z_]+)"')
    internal = {"envelope_invalid", "event_type_unknown", "event_data_invalid", "message_too_large"}
    codes = set()
    for path in CODE:
        source = path.read_text(encoding="utf-8")
        codes |= {code for pair in raised.findall(source) for code in pair if code}
        codes |= set(kinds.findall(source))

    assert {code for code in codes - internal if not texts.known(code)} == set()


def test_no_public_address_of_a_registry_is_locked() -> None:
    """A lock that names a host ties everybody to it."""
    for path in ROOT.glob("requirements*.txt"):
        assert "://" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [one for one in CODE if "Depends(" in one.read_text(encoding="utf-8")], ids=named)
def test_no_request_waits_for_a_thread(path: Path) -> None:
    """The framework runs a plain function in a thread: that costs more than all a dependency does."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call) and ast.unparse(one.func) == "Depends"]
    depended = {ast.unparse(one.args[0]) for one in calls if one.args}
    plain = [one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]

    assert sorted(depended & set(plain)) == []
