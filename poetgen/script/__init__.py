"""Traditional, simplified and variant characters: what was typed, and what is printed."""
