"""One terminal: what a camera sees, what a citizen presses and what a clerk types become events; never points."""
