"""Poems as pictures: columns on paper, with title and seal, as PNG or as outlines."""
