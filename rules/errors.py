"""The errors of this room: one base, each also a builtin that a caller may already catch."""


class RulesError(Exception):
    """Anything that this room refuses; the message says what happened and what to do."""


class PolicyError(RulesError, ValueError):
    """A policy file that cannot be applied: an unknown key, a missing source, dates that overlap."""


class UnknownPersonError(RulesError, LookupError):
    """A question about somebody who was never registered."""
