"""The centre: keeps the ledger, answers terminals, shows what follows; never edits a line, never sets a point."""
