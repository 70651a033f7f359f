"""The errors of this room: one base, each also a builtin that a caller may already catch."""


class KioskError(Exception):
    """Anything that a terminal refuses; the message says what happened and what to do."""


class ConfigError(KioskError, ValueError):
    """A configuration that cannot be used; the message names the file and the key."""


class LedgerUnavailableError(KioskError, OSError):
    """The ledger could not commit: nothing was recorded. `reason` is `full`, `read_only`, `corrupt` or `io`."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class StateRefusedError(LedgerUnavailableError):
    """The state folder must not be used by this program: the wrong mount, another terminal's, or in use. No waiting."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "io")


class EnrolmentRefusedError(KioskError, PermissionError):
    """The centre did not take this terminal, or a template cannot be kept; the message says why."""


class ControlError(KioskError, ConnectionError):
    """A running terminal could not be reached or did not do what was asked."""
