"""What the health tests read: the checkout's files enter, lists and parsed forms leave; nothing changes."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
MADE = {"__pycache__", "node_modules", "var", "vendor", "build", "dist"}  # by make, never part of the project
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ROOMS: list[str] = [name for name in PYPROJECT["tool"]["setuptools"]["packages"] if "." not in name]


def project_files() -> Iterator[Path]:
    """Return the files that belong to the project, without those that make made."""
    for folder, subfolders, names in os.walk(ROOT):
        subfolders[:] = sorted(
            name for name in subfolders if name not in MADE and (name == ".ci" or not name.startswith("."))
        )
        yield from (Path(folder, name) for name in sorted(names))


def named(path: Path) -> str:
    """Return the path as a test's name: from the top of the checkout."""
    return path.relative_to(ROOT).as_posix()


def python_files(*folders: str) -> list[Path]:
    """Return the modules below the given top folders, or all."""
    found = [path for path in project_files() if path.suffix == ".py"]
    return [path for path in found if not folders or named(path).split("/")[0] in folders]


def markdown_files() -> list[Path]:
    """Return every page of documentation."""
    return [path for path in project_files() if path.suffix == ".md"]


def tokens_of(page: Path) -> list[Token]:
    """Return the parsed page, tables included."""
    return MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Section:
    """A heading and the source text below it, up to the next heading of its own or a higher rank."""

    heading: str
    text: str


def sections_of(page: Path) -> list[Section]:
    """Return the page's sections in order; a heading inside a fenced block is none."""
    lines = page.read_text(encoding="utf-8").splitlines()
    tokens = tokens_of(page)
    heads = [
        (token.map[0], int(token.tag[1]), tokens[place + 1].content)
        for place, token in enumerate(tokens)
        if token.type == "heading_open" and token.map
    ]
    ends = [
        next((line for line, rank, _ in heads[place + 1 :] if rank <= own), len(lines))
        for place, (_, own, _) in enumerate(heads)
    ]
    return [
        Section(heading, "\n".join(lines[start + 1 : end]))
        for (start, _, heading), end in zip(heads, ends, strict=True)
    ]


def table_rows(page: Path) -> list[list[str]]:
    """Return the body rows of every table on the page, each as its cells' source text."""
    rows: list[list[str]] = []
    in_body = False
    for place, token in enumerate(tokens := tokens_of(page)):
        if token.type in {"tbody_open", "tbody_close"}:
            in_body = token.type == "tbody_open"
        elif in_body and token.type == "tr_open":
            rows.append([])
        elif in_body and token.type == "td_open":
            rows[-1].append(tokens[place + 1].content)
    return rows
