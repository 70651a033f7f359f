"""The house rules that no linter knows: docstrings, sizes, rooms, and words that belong in no file."""

from __future__ import annotations

import ast
import fnmatch
from pathlib import Path

import pytest

from tests.health.tree import PYPROJECT, ROOMS, ROOT, named, project_files, python_files

MODULE_LINES_AT_MOST = 350
FUNCTION_LINES_AT_MOST = 60
# Written in halves, so that this file does not name them itself.
FORBIDDEN = [
    first + second
    for first, second in [
        ("py", "pi.org"),
        ("python", "hosted.org"),
        ("npm", "js.org"),
        ("npm", "js.com"),
        ("npm", "mirror.com"),
        ("pi", "wheels.org"),
        ("/wo", "rk/"),
        ("/ro", "ot/"),
        ("../", "shared"),
    ]
]
PRODUCT = [*ROOMS, "deploy"]


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=named(path))


def public_names_without_docstring(module: ast.Module) -> list[str]:
    return [
        node.name
        for node in module.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if not node.name.startswith("_") and not ast.get_docstring(node)
    ]


def packages_on_disk() -> list[str]:
    return sorted(named(path.parent).replace("/", ".") for path in python_files(*ROOMS) if path.name == "__init__.py")


@pytest.mark.parametrize("path", python_files(), ids=named)
def test_every_module_begins_with_a_docstring(path: Path) -> None:
    assert ast.get_docstring(parsed(path)), f"{named(path)}: say what enters, what leaves, what it never does"


@pytest.mark.parametrize("path", python_files(*PRODUCT), ids=named)
def test_every_public_name_has_a_docstring(path: Path) -> None:
    assert not public_names_without_docstring(parsed(path))


@pytest.mark.parametrize("path", python_files(*PRODUCT), ids=named)
def test_no_module_is_too_long(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MODULE_LINES_AT_MOST


@pytest.mark.parametrize("path", python_files(*PRODUCT), ids=named)
def test_no_function_is_too_long(path: Path) -> None:
    long = {
        node.name: lines
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES_AT_MOST
    }
    assert not long


def test_no_file_names_a_download_host_or_a_path_of_one_machine() -> None:
    found = [
        f"{named(path)}: {word}" for path in project_files() for word in FORBIDDEN if word.encode() in path.read_bytes()
    ]
    assert not found


def test_the_packages_that_are_listed_are_those_on_disk() -> None:
    assert sorted(PYPROJECT["tool"]["setuptools"]["packages"]) == packages_on_disk()


def test_the_import_contracts_look_into_every_room() -> None:
    checked = PYPROJECT["tool"]["importlinter"]
    layers = [contract["layers"] for contract in checked["contracts"] if contract["type"] == "layers"]
    in_a_layer = {room for contract in layers for layer in contract for room in layer.split(" | ")}
    assert sorted(checked["root_packages"]) == sorted(in_a_layer) == sorted(ROOMS)


def test_every_file_of_a_room_would_be_packed() -> None:
    globs = PYPROJECT["tool"]["setuptools"]["package-data"]
    lost = [
        named(path)
        for path in project_files()
        if (room := named(path).split("/")[0]) in ROOMS and path.suffix != ".py"
        if not any(
            fnmatch.fnmatch(path.relative_to(ROOT / room).as_posix(), glob.replace("**/", ""))
            for glob in globs.get(room, [])
        )
    ]
    assert not lost, "add them to [tool.setuptools.package-data]"


def test_the_rooms_with_pages_share_one_sheet_of_colours_and_sizes() -> None:
    sheets = {(ROOT / room / "static" / "tokens.css").read_bytes() for room in ("kiosk", "scoring")}
    assert len(sheets) == 1, "kiosk/static/tokens.css and scoring/static/tokens.css are the same sheet: change both"


def test_every_folder_of_code_is_a_room_or_says_that_it_is_none() -> None:
    folders = {path.relative_to(ROOT).parts[0] for path in python_files() if path.parent != ROOT}
    strangers = folders - set(ROOMS) - {"deploy", "tests"}
    assert not strangers, (
        f"{sorted(strangers)}: no import contract knows them; put the code into the room it belongs to"
    )


PURE = ("rules/", "kiosk/clockin.py", "kiosk/rating.py", "kiosk/outlook.py", "kiosk/hall.py", "camera/gallery.py")
CLOCKS = {"now", "utcnow", "today"}


@pytest.mark.parametrize("path", [path for path in python_files() if named(path).startswith(PURE)], ids=named)
def test_what_decides_looks_at_no_clock(path: Path) -> None:
    calls = [node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    clocks = [func.lineno for func in calls if isinstance(func, ast.Attribute) and func.attr in CLOCKS]
    assert not clocks, f"{named(path)}:{clocks}: the time is handed in, never read"
