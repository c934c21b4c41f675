"""What `make run` and `make code` tell about the demo, and that its password stays in the demo."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest

from contracts import demo
from deploy import tracker
from deploy.local import environment, run

SECRETS = ("PASSWORD", "SECOND_FACTOR_SECRET")
THE_DEMO = {"contracts/demo.py", "deploy/demo.py", "deploy/local/run.py", "services/identity/demo.py"}
"""The only files of the product that may know the demo's password."""
EXAMPLES = "gateway/api/schemas.py"
"""The API's document shows it in an example, ready to be tried on a demo."""
SERVERS_OF_TESTS = "deploy/local/test.py"
"""Its password is for PostgreSQL and the broker while tests run."""
TELLING = re.compile(r"password|passwd|secret|pepper|credential", re.IGNORECASE)


def product() -> Iterator[Path]:
    for folder in ("contracts", "kit", "deploy", "services", "gateway"):
        yield from sorted((environment.ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(environment.ROOT))


class TestPeople:
    def test_fit_a_narrow_terminal(self) -> None:
        assert max(map(len, run.people_table())) <= 100

    def test_are_those_who_can_sign_in(self) -> None:
        text = "\n".join(run.people_table())
        for person in demo.PEOPLE:
            assert (person.email in text) == person.may_sign_in

    def test_a10_say_how_the_administrator_gets_a_code(self) -> None:
        (line,) = [line for line in run.people_table() if "admin@tracker.example" in line]
        assert "make code" in line


class TestCode:
    def test_a10_is_the_present_one(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(environment, "adopt", lambda: None)
        totp = pyotp.TOTP(demo.SECOND_FACTOR_SECRET)
        before = totp.now()
        assert tracker.main(["demo-code"]) == 0
        # The half minute may turn in between.
        assert capsys.readouterr().out.split()[0] in {before, totp.now()}

    def test_a10_comes_from_a_secret_that_an_app_takes(self) -> None:
        assert re.fullmatch(r"[A-Z2-7]{32}", demo.SECOND_FACTOR_SECRET)


class TestNoDefaultPassword:
    @pytest.mark.parametrize("name", SECRETS)
    def test_the_demos_is_known_to_the_demo_alone(self, name: str) -> None:
        value = getattr(demo, name)
        knowing = {
            name_of(path)
            for path in product()
            if value in (text := path.read_text()) or f"demo.{name}" in text
        }
        assert knowing <= THE_DEMO | {EXAMPLES}

    def test_none_is_written_into_the_product(self) -> None:
        """Settings, migrations and commands give nobody a password that everybody could read here."""
        found = []
        for path in product():
            if name_of(path) in THE_DEMO | {SERVERS_OF_TESTS}:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                found += [f"{name_of(path)}:{node.lineno}: {words}" for words in _written(node)]
        assert found == []

    def test_settings_that_are_secret_have_no_default(self) -> None:
        found = []
        for path in product():
            if path.name != "settings.py":
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                    is_secret = re.search(r"PASSWORD$|SECRET|_KEY$", str(node.args[0].value))
                    # Where none is given there is nothing to read: what needs it says so.
                    given = [keyword.value for keyword in node.keywords if keyword.arg == "default"]
                    if is_secret and [value for value in given if ast.unparse(value) != "''"]:
                        found.append(f"{name_of(path)}: {node.args[0].value}")
        assert found == []


def _written(node: ast.AST) -> Iterator[str]:
    """Give what a piece of code sets to text though it is called a password or a secret."""
    pairs: list[tuple[str, ast.AST | None]] = []
    if isinstance(node, ast.keyword):
        pairs = [(node.arg or "", node.value)]
    elif isinstance(node, ast.Assign):
        pairs = [(ast.unparse(target), node.value) for target in node.targets]
    elif isinstance(node, ast.AnnAssign):
        pairs = [(ast.unparse(node.target), node.value)]
    elif isinstance(node, ast.Dict):
        pairs = [
            (key.value, value)
            for key, value in zip(node.keys, node.values, strict=True)
            if isinstance(key, ast.Constant) and isinstance(key.value, str)
        ]
    for name, value in pairs:
        if TELLING.search(name) and isinstance(value, ast.Constant) and _could_be_one(name, value.value):
            yield f"{name} = {value.value!r}"


def _could_be_one(name: str, value: object) -> bool:
    """Tell whether it could be a password: one word, not a label, a sentence or the thing's own name."""
    return isinstance(value, str) and bool(re.fullmatch(r"\S{4,}", value)) and value != name.lower()
