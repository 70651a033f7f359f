"""Speed and memory, measured side by side with a named baseline in one run: `make bench`. Never a test."""
