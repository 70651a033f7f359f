"""Every command and option is documented, and no documented command is missing."""

from __future__ import annotations

import argparse
import importlib
import re
from collections.abc import Iterator

import pytest

from tests.health.tree import DOCS, ROOMS, ROOT, markdown_files, sections_of

COMMANDS_PAGE = DOCS / "commands.md"
ROOMS_WITH_COMMANDS = [room for room in ROOMS if (ROOT / room / "__main__.py").exists()]
# What the contract promises to whoever checks from outside, whether or not the room stands yet.
ROOMS_THAT_PROMISE_COMMANDS = ("camera", "kiosk", "scoring")


def leaves(parser: argparse.ArgumentParser, words: tuple[str, ...]) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Return each runnable command as its words, with its parser."""
    nested = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not nested:
        yield " ".join(words), parser
    for action in nested:
        for name, child in action.choices.items():
            yield from leaves(child, (*words, name))


def commands_of(room: str) -> dict[str, argparse.ArgumentParser]:
    module = importlib.import_module(f"{room}.__main__")
    return dict(leaves(module.build_parser(), ("python -m", room)))


def documented() -> dict[str, str]:
    """Return each documented command with its section's text; its heading is the command in backticks."""
    headings = {section.heading.strip("`"): section.text for section in sections_of(COMMANDS_PAGE)}
    return {heading: text for heading, text in headings.items() if heading.startswith("python -m ")}


@pytest.mark.parametrize("room", ROOMS_THAT_PROMISE_COMMANDS)
def test_a_room_that_promises_commands_has_them(room: str) -> None:
    if not (ROOT / room / "__main__.py").exists():
        pytest.skip(f"{room}/__main__.py is not written yet")
    assert commands_of(room)


@pytest.mark.parametrize("room", ROOMS_WITH_COMMANDS)
def test_every_command_has_a_section(room: str) -> None:
    missing = set(commands_of(room)) - set(documented())
    assert not missing, f"docs/commands.md has no section with these headings (in backticks): {sorted(missing)}"


@pytest.mark.parametrize("room", ROOMS_WITH_COMMANDS)
def test_every_option_stands_in_the_section_of_its_command(room: str) -> None:
    pages = documented()
    missing = [
        f"{command} {option}"
        for command, parser in commands_of(room).items()
        for action in parser._actions
        for option in action.option_strings
        if option.startswith("--") and option != "--help"
        if not re.search(rf"{re.escape(option)}(?![\w-])", pages.get(command, ""))
    ]
    assert not missing, f"docs/commands.md says nothing of {missing}"


@pytest.mark.parametrize("room", ROOMS_WITH_COMMANDS)
def test_no_documented_command_is_missing(room: str) -> None:
    promised = {command for command in documented() if command.split()[2] == room}
    assert not promised - set(commands_of(room)), "docs/commands.md documents what the room does not have"


def test_no_page_names_a_command_without_a_section() -> None:
    pattern = re.compile(rf"python -m ({'|'.join(ROOMS)}) ([a-z][a-z-]*)")
    named = {
        f"python -m {room} {word}"
        for page in markdown_files()
        for room, word in pattern.findall(page.read_text(encoding="utf-8"))
    }
    assert not named - set(documented()), "a page uses commands of which docs/commands.md has no section"
