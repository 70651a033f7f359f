"""The errors of this room: one base, each also a builtin that a caller may already catch."""


class SyncError(Exception):
    """Anything that this room refuses; the message says what happened and what to do."""


class EnvelopeError(SyncError, ValueError):
    """A line that is not an event: broken JSON, a key twice, a field missing or of the wrong form."""


class SignatureRejectedError(SyncError, PermissionError):
    """A batch, a request or a receipt whose signature does not match its sender's key."""


class ChainBrokenError(SyncError, ValueError):
    """Lines whose hashes do not lead from the stated previous head to the stated new one."""
