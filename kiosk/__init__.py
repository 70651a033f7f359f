"""One terminal: what a camera sees, what a citizen presses and what a clerk types become events; never points."""

VERSION = "0.1.0"
"""The version of the program, as a terminal states it at each start; the same as in pyproject.toml."""
