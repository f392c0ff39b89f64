"""Poems on a page of one's own machine: a small server, its JSON API, and the page."""
