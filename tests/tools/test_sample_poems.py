"""What the poems that are read are asked to be."""

from collections import Counter

from poetgen.poem.form import FORMS
from tools.sample_poems import PROMPTS, list_requests


def test_forty_poems_have_titles_and_each_form_begins_alike() -> None:
    requests = list(list_requests())
    assert len(requests) == 120
    assert len({request["title"] for request in requests if "title" in request}) == 40
    assert Counter(request.get("form") for request in requests) == {None: 40} | dict.fromkeys(
        FORMS, len(PROMPTS)
    )
