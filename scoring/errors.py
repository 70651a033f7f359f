"""The errors of this room: one base, each also a builtin that a caller may already catch."""

from __future__ import annotations


class ScoringError(Exception):
    """Anything that this room refuses; the message says what happened and what to do."""


class DatabaseUrlError(ScoringError, ValueError):
    """A `--database` that names no store this room can open."""


class StoreInUseError(ScoringError, RuntimeError):
    """A second server on a store that already has one."""


class StoreUnsafeError(ScoringError, RuntimeError):
    """A store whose engine does not promise what the ledger needs."""


class StoreTooNewError(ScoringError, RuntimeError):
    """A store that a newer program brought to a revision which this one does not know."""


class StoreTooOldError(ScoringError, RuntimeError):
    """A store to be read only, of an older revision: the server brings it up to date."""


class StoreStrangeError(ScoringError, RuntimeError):
    """A database that holds tables of something else."""


class StoreUnfinishedError(ScoringError, RuntimeError):
    """A copy of a store whose making was interrupted: it may lack lines."""


class StoreNotEmptyError(ScoringError, RuntimeError):
    """A store that a move would have to write over."""


class StoreCopyError(ScoringError, RuntimeError):
    """A copy of a store that differs from what was copied."""


class StoreAlteredError(ScoringError, RuntimeError):
    """Rows that do not fit one another: somebody altered the database; `verify` says where."""


class StoreBusyError(ScoringError, TimeoutError):
    """The one writing connection stayed taken for too long: the sender tries again."""


class StoreUnavailableError(ScoringError, OSError):
    """The store cannot commit (full disk, lost connection): nothing was recorded, the sender keeps it."""


class AddressTakenError(ScoringError, OSError):
    """An address that this server cannot listen on."""


class CommandError(ScoringError, RuntimeError):
    """A command that cannot do what it was asked; printed as one line."""


class Refusal(ScoringError, ValueError):  # noqa: N818 (an answer of the wire, named as the contract speaks of it)
    """A request that is answered with an HTTP status, a short code and a message; `extras` join the JSON answer."""

    def __init__(self, status: int, code: str, message: str, **extras: object) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.extras = extras
