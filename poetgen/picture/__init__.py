"""Poems as pictures: columns on paper, with title and seal, as PNG or as outlines; their sizes and themes."""

PAPER, INK, FAINT, RED, RULE = "paper", "ink", "faint", "red", "rule"
SEAL, CARVED = "seal", "carved"  # a seal and the characters in it

_SEAL = {SEAL: "#a8271c", CARVED: "#f7f1e3"}
# Ink on paper reaches a contrast of 7 : 1 or more, faint and red text 4.5 : 1 (WCAG 2, AAA and AA).
THEMES = {
    "paper": {PAPER: "#f7f1e3", INK: "#1f1b16", FAINT: "#756a59", RED: "#a8271c", RULE: "#e0cfae", **_SEAL},
    "dark": {PAPER: "#16181d", INK: "#ece5d6", FAINT: "#918a7d", RED: "#f0705c", RULE: "#33363e", **_SEAL},
}
SIZES = {"phone": (1080, 1440), "wide": (1600, 900), "print": (2480, 3508)}  # print: A4 at 300 dots an inch
