"""The page in a real browser, by mouse and by keyboard, at a desk's width and a phone's.

It needs Chromium, which .ci/run installs where it can (Debian: apt-get install chromium); CHROMIUM names another.
"""

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",  # which root needs
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # which some machines lack
]
DESK, PHONE = {"width": 1200, "height": 900}, {"width": 390, "height": 844}

pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists(), reason=f"no browser at {CHROMIUM}; install Chromium, or set CHROMIUM"
)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The page, served by the command with the released model."""
    home = str(tmp_path_factory.mktemp("home"))
    command = [sys.executable, "-m", "poetgen", "serve", "--port", "0", "--home", home]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=60_000)
        except Error as error:
            pytest.skip(f"{CHROMIUM} does not start: {error.message.splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, address):
    """`open_page(query="", size=DESK, locale="en-US")`: a new page, in which nothing may go wrong."""
    contexts, said, hosts = [], [], set()

    def opening(query="", *, size=DESK, locale="en-US", **settings):
        context = browser.new_context(viewport=size, locale=locale, reduced_motion="reduce", **settings)
        contexts.append(context)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        page.goto(address + query)
        page.wait_for_selector("#rhyme option:nth-child(20)", state="attached")
        return page

    opening.said = said
    yield opening
    for context in contexts:
        context.close()
    assert said == []
    assert hosts - {None} == {"localhost"}  # None: what a page makes itself, a picture to be saved


def lines(page, number=0):
    """The lines of a poem, as they are seen."""
    poem = page.locator(".poem").nth(number)
    return ["".join(line.split()) for line in poem.locator(".line").all_inner_texts()]


def write(page, prompt, **settings):
    page.fill("#prompt", prompt)
    for name, value in settings.items():
        if name == "seed" and not page.locator("#seed").is_visible():
            page.click("summary")
        field = page.locator(f"#{name}")
        field.select_option(value) if name in ("form", "rhyme") else field.fill(value)
    page.keyboard.press("Enter")
    page.wait_for_selector(".poem")


def test_by_keyboard_a_vertical_poem_that_begins_as_typed(open_page):
    page = open_page()
    page.keyboard.type("月")  # the field has the focus
    page.keyboard.press("Enter")
    page.wait_for_selector(".poem")
    assert lines(page)[0].startswith("月")
    boxes = [line.bounding_box() for line in page.locator(".columns > li").all()]
    assert all(after["x"] < before["x"] for before, after in pairwise(boxes))
    line = page.locator(".line").first
    assert line.evaluate("element => getComputedStyle(element).writingMode") == "vertical-rl"
    assert line.bounding_box()["height"] > 3 * line.bounding_box()["width"]
    assert page.evaluate("document.fonts.check('16px \"poetgen serif\"', '月')")
    assert page.evaluate("getComputedStyle(document.querySelector('.line')).fontFamily").startswith(
        '"poetgen serif"'
    )


def test_simplified_in_simplified_out(open_page):
    page = open_page()
    write(page, "红", form="七律", seed="4")
    text = "".join(lines(page))
    assert text.startswith("红")
    assert page.locator(".sheet").get_attribute("lang") == "zh-Hans"
    assert not re.search("[紅風雲時來無長門見東後]", text)


def test_a_bad_prompt_shows_its_sentence(open_page):
    page = open_page()
    page.fill("#prompt", "moon")
    page.click("#go")
    page.wait_for_selector("#fault:not(:empty)")
    assert "'m' is not a Chinese character" in page.inner_text("#fault")
    assert page.locator("[role=alert]#fault").is_visible()
    assert [re.sub(r"\(.*", "", one).strip() for one in open_page.said] == [
        "Failed to load resource: the server responded with a status of 400"
    ]
    open_page.said.clear()


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_a_line_rewritten_keeps_the_others(open_page, by):
    page = open_page("?prompt=月&form=七絕&seed=8")
    page.wait_for_selector(".poem")
    before = lines(page)
    third = page.locator('[data-line="3"]')
    if by == "mouse":
        third.click()
    else:
        third.focus()
        page.keyboard.press("Enter")
    page.wait_for_selector(".undo:not([hidden])")
    after = lines(page)
    assert [after[k] for k in (0, 1, 3)] == [before[k] for k in (0, 1, 3)]
    assert after[2] != before[2]
    assert page.evaluate("document.activeElement.dataset.line") == "3"
    page.click("text=Copy link")
    page.wait_for_selector("text=Copied")
    again = open_page("?" + urlsplit(page.evaluate("navigator.clipboard.readText()")).query)
    again.wait_for_selector(".undo:not([hidden])")
    assert lines(again) == after
    page.click(".undo")
    assert lines(page) == before


def test_the_address_shows_the_same_poem_again(open_page):
    page = open_page()
    write(page, "山", form="五絕")
    again = open_page("?" + urlsplit(page.url).query)
    again.wait_for_selector(".poem")
    assert lines(again) == lines(page)
    assert again.input_value("#prompt") == "山"


def test_another_rhyme_book_goes_with_a_poem_and_some_hanzi_are_not_wanted(open_page):
    page = open_page("?prompt=月&form=五絕&seed=8&rhyme_book=新韻&avoid=愁夜")
    page.wait_for_selector(".poem")
    assert not set("愁夜") & set("".join(lines(page)))
    assert page.input_value("#rhyme_book") == "新韻"
    page.locator(".poem button", has_text="Check").click()
    page.wait_for_selector("#verdicts .summary")
    assert page.input_value("#check-book") == "新韻"


def test_tones_and_rhymes_are_shown_on_demand_to_eye_and_ear(open_page):
    page = open_page("?prompt=月&form=七絕&seed=8")
    page.wait_for_selector(".poem")
    assert not page.locator(".legend").is_visible()
    page.click(".tones")
    assert page.locator(".legend").is_visible()
    assert page.locator(".tones").get_attribute("aria-pressed") == "true"
    assert page.locator(".hanzi").first.get_attribute("data-tone") == "入"
    heard = page.locator(".poem").aria_snapshot()
    assert re.search(r"button \"Line 2: \w{7}\. [平仄入中?]{7}\. Rhymes in \w\. Press to rewrite", heard)


def test_a_poem_of_ones_own_is_judged_with_place_and_reason(open_page):
    page = open_page()
    page.focus("#tab-write")
    page.keyboard.press("ArrowRight")
    assert page.locator("#tab-check").get_attribute("aria-selected") == "true"
    page.fill("#text", "渭城朝雨浥輕塵，客舍青青楊柳春。勸君更盡一杯酒，西出陽關無故人。")
    page.click("#judge button")
    page.wait_for_selector(".findings .broken")
    found = page.inner_text(".findings .broken")
    assert found.startswith("失粘 line 3「君」: the 2nd is 平, unlike in line 2 (adhesion: ")
    assert page.inner_text(".hanzi.fault") == "君"
    page.select_option("#language", "zh-Hans")
    page.wait_for_selector(".findings .broken:has-text('第 3 句')")
    assert "有误：失粘" in page.inner_text(".summary")


def test_a_picture_is_saved_and_poems_are_kept_and_copied(open_page):
    page = open_page("?prompt=月&form=五絕&seed=1")
    page.wait_for_selector(".poem")
    page.click("button.picture")
    with page.expect_download() as coming:
        page.click("text=Save")
    download = coming.value
    assert download.suggested_filename == f"{lines(page)[0]}.png"
    assert Path(download.path()).read_bytes().startswith(b"\x89PNG")
    page.click("text=Copy >> nth=0")
    page.wait_for_selector("text=Copied")
    assert re.sub(r"[，。？\s]", "", page.evaluate("navigator.clipboard.readText()")) == "".join(lines(page))
    first = lines(page)[0]
    page.click("text=Keep")
    page.reload()
    page.wait_for_selector("#kept-poems li")
    assert first in page.inner_text("#kept-poems")
    page.click("text=Remove")
    assert page.locator("#kept").is_hidden()


@pytest.mark.parametrize("form", ["五絕", "七律", "五言排律"])
def test_a_phone_shows_all_of_it(open_page, form):
    page = open_page(f"?form={form}&seed=3", size=PHONE, locale="zh-CN")
    page.wait_for_selector(".poem")
    page.click(".tones")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for line in page.locator(".line").all():
        box = line.bounding_box()
        assert 0 <= box["x"] < box["x"] + box["width"] <= PHONE["width"]
    page.click("#tab-check")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.inner_text("#tab-check") == "评诗"


@pytest.mark.parametrize(
    ("locale", "language", "word"),
    [("en-GB", "en", "Write"), ("zh-CN", "zh-Hans", "作诗"), ("zh-TW", "zh-Hant", "作詩")],
)
def test_the_page_speaks_the_browsers_language(open_page, locale, language, word):
    page = open_page(locale=locale)
    assert page.inner_text("#go") == word
    assert page.evaluate("document.documentElement.lang") == language
    unnamed = page.evaluate("""
        [...document.querySelectorAll("button, input, select, textarea")]
            .filter((field) => ![field, ...(field.labels ?? [])].some((one) => one.textContent.trim()))
            .map((field) => field.outerHTML)
    """)
    assert unnamed == []


def test_stopping_ends_it_and_what_is_there_stays(open_page):
    page = open_page()
    page.click("summary")
    page.fill("#count", "12")
    page.fill("#prompt", "山")
    page.keyboard.press("Enter")
    page.wait_for_selector(".poem")
    page.click("#stop")
    page.wait_for_selector("#stop", state="hidden")
    assert 1 <= page.locator(".poem").count() < 12
