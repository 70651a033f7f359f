"""Carries events from a terminal's ledger to the centre's, byte for byte and exactly once; never interprets them."""
