// One poem on the page: its sheet, what is known of it, and what may be done with it.

import { askFile, askPoem } from "/api.js";
import { keep } from "/kept.js";
import { make } from "/make.js";
import { makeSheet } from "/sheet.js";
import { inScript, say } from "/words.js";

/** request: what was asked of the server; poem: its answer; rewrites: ["line.seed"] done since. */
export class PoemView {
  constructor(request, poem, { rewrites = [], complain, check }) {
    Object.assign(this, { request, poem, rewrites, complain, check, earlier: [], isMarked: false });
    this.element = make("article", { class: "poem fresh" });
    this.draw();
  }

  get text() {
    return this.poem.text.replace(/([。？])/g, "$1\n").trim();
  }

  /** The address that shows this poem again. */
  get link() {
    const asked = Object.entries(this.request).map(([name, value]) => [name, String(value)]);
    const query = new URLSearchParams(asked);
    if (this.rewrites.length) query.set("rewrites", this.rewrites.join(","));
    return `${location.origin}/?${query}`;
  }

  draw() {
    const { poem } = this;
    const sheet = makeSheet({
      lines: poem.lines,
      signs: poem.annotation,
      script: poem.script,
      signature: poem.rhyme_group ? `${poem.form}${poem.rhyme_group}${poem.rhyme_group.length === 1 ? "韻" : ""}` : "", // 東韻, but 第一部
      rewrite: (line) => this.rewrite(line),
    });
    const rhyme = poem.rhyme_group && say("rhymeNamed", { rhyme: inScript(poem.rhyme_group) });
    const about = [poem.title && `《${inScript(poem.title)}》`, poem.poet && inScript(poem.poet), inScript(poem.form), inScript(poem.template ?? ""), rhyme, say("seedNamed", { seed: this.request.seed })].filter(Boolean).join(" · ");
    this.element.setAttribute("aria-label", `${poem.lines[0]}: ${about}`);
    this.element.replaceChildren(
      sheet,
      make("p", { class: "about" }, about),
      make("p", { class: "legend", hidden: !this.isMarked }, say("legend")),
      this.actions(),
      this.pictures(),
    );
    this.element.classList.toggle("marked", this.isMarked);
  }

  actions() {
    const button = (word, click, more = {}) => make("button", { type: "button", click, ...more }, say(word));
    return make(
      "div",
      { class: "actions" },
      button("showTones", () => this.toggleTones(), { "aria-pressed": String(this.isMarked), class: "tones" }),
      button("undo", () => this.undo(), { hidden: !this.earlier.length, class: "undo" }),
      button("keep", (event) => this.tell(event.target, "keptIt", () => keep(this))),
      button("copy", (event) => this.tell(event.target, "copied", () => navigator.clipboard.writeText(this.text))),
      button("copyLink", (event) => this.tell(event.target, "copied", () => navigator.clipboard.writeText(this.link))),
      button("picture", (event) => this.togglePictures(event.target), { "aria-expanded": "false", class: "picture" }),
      button("checkThis", () => this.check(this.text, this.request.rhyme_book)),
    );
  }

  pictures() {
    const select = (word, values) =>
      make("label", {}, `${say(word)} `, make("select", { name: word }, ...values.map((value) => make("option", { value }, say(value)))));
    const save = make("button", { type: "submit", class: "main" }, say("save"));
    const choices = [select("size", ["phone", "wide", "print"]), select("theme", ["paper", "dark"]), select("kind", ["png", "svg"])];
    const submit = (event) => {
      event.preventDefault();
      this.savePicture(Object.fromEntries(new FormData(event.target)));
    };
    return make("form", { class: "pictures", hidden: true, submit }, ...choices, save);
  }

  toggleTones() {
    this.isMarked = !this.isMarked;
    this.element.classList.remove("fresh");
    this.draw();
    this.element.querySelector(".tones").focus();
  }

  togglePictures(button) {
    const form = this.element.querySelector(".pictures");
    form.hidden = !form.hidden;
    button.setAttribute("aria-expanded", String(!form.hidden));
  }

  /** Another line in its place, the others kept; it has a seed of its own, so that the link tells it. */
  async rewrite(line, seed = Math.floor(Math.random() * 2 ** 32)) {
    const button = this.element.querySelector(`[data-line="${line}"]`);
    if (this.element.querySelector(".working")) return;
    button.classList.add("working");
    try {
      const body = { poem: this.text, line, seed, script: this.poem.script };
      if (this.request.rhyme_book) body.rhyme_book = this.request.rhyme_book;
      const head = [...(this.request.acrostic ?? "")][line - 1];
      const poem = await askPoem("rewrite", head ? { ...body, begins: head } : body);
      this.earlier.push([this.poem, this.rewrites]);
      this.rewrites = [...this.rewrites, `${line}.${seed}`];
      this.poem = { ...poem, title: this.poem.title, poet: this.poem.poet };
      this.element.classList.remove("fresh");
      this.draw();
      this.element.querySelector(`[data-line="${line}"]`).focus();
      this.complain("", say("lineNow", { number: line, line: poem.lines[line - 1] }));
    } catch (error) {
      button.classList.remove("working");
      this.complain(error.message);
    }
  }

  undo() {
    [this.poem, this.rewrites] = this.earlier.pop();
    this.draw();
    (this.element.querySelector(".undo:not([hidden])") ?? this.element.querySelector(".tones")).focus();
  }

  async savePicture(choices) {
    try {
      const body = { text: this.text, annotate: this.isMarked, title: this.poem.title, seed: this.request.seed, ...choices };
      const file = await askFile("picture", body);
      const address = URL.createObjectURL(file);
      make("a", { href: address, download: `${this.poem.lines[0]}.${choices.kind}` }).click();
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
    } catch (error) {
      this.complain(error.message);
    }
  }

  /** Do it, and say on the button for a moment that it is done. */
  async tell(button, word, act) {
    const before = button.textContent;
    try {
      await act();
      button.textContent = say(word);
      this.complain("", say(word));
      setTimeout(() => (button.textContent = before), 1500);
    } catch (error) {
      this.complain(error.message);
    }
  }
}
