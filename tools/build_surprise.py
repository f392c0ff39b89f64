"""Measure how surprising real poems are to the released model, for `poetgen score`.

    python tools/build_surprise.py --prepared data/prepared

Reads the validation poems, on which nothing was trained, and writes poetgen/yardstick/surprise.json: for each form
with enough poems the percentiles of their bits a hanzi, and which model they are of.
"""

import json
from pathlib import Path

import numpy as np
from arguments import make_parser

from poetgen.checkpoint import Checkpoint, released_path
from poetgen.corpus.dataset import Dataset
from poetgen.files import write_text
from poetgen.poem.form import FORMS
from poetgen.yardstick import surprise
from poetgen.yardstick.surprise import FILE, SurpriseMeter, fingerprint

OUT = Path(surprise.__file__).with_name(FILE)


def main() -> None:
    """See the module."""
    parser = make_parser(__doc__)
    parser.add_argument("--prepared", type=Path, default=Path("data/prepared"))
    parser.add_argument("--checkpoint", type=Path, default=released_path())
    args = parser.parse_args()
    model = Checkpoint.load(args.checkpoint)
    poems = [poem.lines for poem in Dataset.open(args.prepared).poems("validation")]
    poems = [lines for lines in poems if {(len(line), len(lines)) for line in lines} <= set(FORMS.values())]
    measured = SurpriseMeter(model, usual={}).measure(sorted(poems, key=lambda lines: len("".join(lines))))
    forms = {}
    for form in FORMS:
        means = [one.mean for one in measured if one.form == form]
        if not means:
            raise SystemExit(f"{args.prepared} has no {form} among its validation poems; prepare more")
        forms[form] = np.percentile(means, range(101)).round(3).tolist()
        print(f"{form}: {len(means)} poems, median {np.median(means):.2f} bits a hanzi")
    write_text(OUT, json.dumps({"model": fingerprint(model), "forms": forms}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
