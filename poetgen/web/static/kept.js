// Poems that the reader keeps: in this browser's storage alone.

import { make } from "/make.js";
import { say } from "/words.js";

const NAME = "poetgen.kept";

function read() {
  try {
    return JSON.parse(localStorage.getItem(NAME)) ?? [];
  } catch {
    return [];
  }
}

function write(poems) {
  localStorage.setItem(NAME, JSON.stringify(poems));
  showKept();
}

export function keep(view) {
  const others = read().filter((poem) => poem.text !== view.text);
  write([{ text: view.text, link: view.link, script: view.poem.script }, ...others]);
}

export function showKept() {
  const poems = read();
  document.querySelector("#kept").hidden = !poems.length;
  document.querySelector("#kept-poems").replaceChildren(...poems.map(makeItem));
}

function makeItem(poem) {
  const remove = () => write(read().filter((other) => other.text !== poem.text));
  return make(
    "li",
    {},
    make("span", { class: "body", lang: poem.script === "simplified" ? "zh-Hans" : "zh-Hant" }, poem.text),
    make("a", { href: poem.link }, say("open")),
    make("button", { type: "button", click: remove, "aria-label": `${say("remove")}: ${poem.text.slice(0, 5)}` }, say("remove")),
  );
}
