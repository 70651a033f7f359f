"""Who may say what: which types a terminal may emit, and which change no replay. Types enter as text."""

from __future__ import annotations

IGNORED_TYPES = frozenset(
    {
        "adjustment.recorded",
        "attachment.erased",
        "credential.changed",
        "policy.adopted",
        "release.named",
        "setting.set",
        "task.closed",
        "task.opened",
        "template.relayed",
        "template.withdrawn",
    }
)
IGNORED_PREFIXES = ("device.", "consent.", "enrolment.", "signin.", "proposal.")
"""Known types, and families of types, that change no replay."""

TERMINAL_TYPES = frozenset({"punch", "punch.withdrawn", "rating.requested", "rating.given", "rating.lapsed"})
TERMINAL_PREFIXES = ("evaluator.", *IGNORED_PREFIXES)


def terminal_may_emit(type_: str) -> bool:
    """Return whether an event of this type may come from a terminal; what else it says is quarantined."""
    return type_ in TERMINAL_TYPES or type_.startswith(TERMINAL_PREFIXES)


def is_ignored(type_: str) -> bool:
    """Return whether the type is known and changes no replay."""
    return type_ in IGNORED_TYPES or type_.startswith(IGNORED_PREFIXES)
