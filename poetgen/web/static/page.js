// The page put together: what is asked, the poems that come, the tabs, the language, the address.

import { ask, askPoem, getModel } from "/api.js";
import { showKept } from "/kept.js";
import { make } from "/make.js";
import { PoemView } from "/poem.js";
import { makeVerdict } from "/verdict.js";
import { chooseLanguage, language, learnNames, say, translate } from "/words.js";

const find = (selector) => document.querySelector(selector);
const form = find("#ask");
const NUMBERS = new Set(["seed", "temperature", "best_of"]);
let views = [];
let writing = null; // the AbortController of what is being written

/** What the form asks for, in the API's names; empty fields say nothing. */
function readRequest() {
  const request = {};
  for (const [name, value] of new FormData(form)) {
    if (value === "") continue;
    if (NUMBERS.has(name)) request[name] = Number(value);
    else if (name === "first_line_rhymes") request[name] = value === "true";
    else if (name === "no_repeat") request[name] = true;
    else request[name] = value;
  }
  return request;
}

function fillForm(query) {
  for (const [name, value] of query) {
    const field = form.elements[name];
    if (!field) continue;
    if (field.type === "checkbox") field.checked = value === "true";
    else field.value = value;
    if (field.closest("details") && value && name !== "seed") field.closest("details").open = true;
  }
}

function complain(fault, state = "") {
  find("#fault").textContent = fault;
  find("#state").textContent = state;
}

/** Write poems one after the other, each shown as it comes; pressing again, or Stop, ends it. */
async function write(rewrites = []) {
  writing?.abort();
  const mine = (writing = new AbortController());
  const request = readRequest();
  const count = Math.min(12, Math.max(1, Number(find("#count").value) || 1));
  const first = request.seed ?? Math.floor(Math.random() * 2 ** 32);
  setBusy(true);
  complain("", say("writing"));
  views = [];
  find("#poems").replaceChildren();
  try {
    for (let number = 0; number < count; number += 1) {
      await writeOne({ ...request, seed: first + number }, mine.signal, rewrites);
    }
    complain("", say("written", { count }));
  } catch (error) {
    if (error.name !== "AbortError") complain(error.message);
  } finally {
    if (writing === mine) setBusy(false);
  }
}

async function writeOne(request, signal, rewrites) {
  const poem = await askPoem("generate", request, signal);
  if (signal.aborted) return;
  const view = new PoemView(request, poem, { complain, check: checkText });
  if (!views.length) history.replaceState(null, "", view.link);
  views.push(view);
  find("#poems").append(view.element, ...poem.notes.map((note) => make("p", { class: "about" }, note)));
  for (const step of rewrites) {
    const [line, seed] = step.split(".").map(Number);
    await view.rewrite(line, seed);
  }
}

function setBusy(isBusy) {
  find("#stop").hidden = !isBusy;
  find("#poems").setAttribute("aria-busy", String(isBusy));
}

async function judge() {
  const body = { text: find("#text").value, tones: find("#strict").checked ? "strict" : "relaxed" };
  if (find("#check-form").value) body.form = find("#check-form").value;
  if (find("#check-book").value) body.rhyme_book = find("#check-book").value;
  find("#check-fault").textContent = "";
  try {
    const { poems } = await ask("check", body);
    find("#verdicts").replaceChildren(...poems.map(makeVerdict));
  } catch (error) {
    find("#verdicts").replaceChildren();
    find("#check-fault").textContent = error.message;
  }
}

function checkText(text, book = "") {
  find("#text").value = text;
  find("#check-book").value = book;
  showTab(find("#tab-check"));
  judge();
}

// ---- tabs, language, theme ----

function showTab(tab) {
  for (const other of document.querySelectorAll("[role=tab]")) {
    const isIt = other === tab;
    other.setAttribute("aria-selected", String(isIt));
    other.tabIndex = isIt ? 0 : -1;
    find(`#${other.getAttribute("aria-controls")}`).hidden = !isIt;
  }
  tab.focus();
}

function showTheme(name) {
  document.documentElement.dataset.theme = name;
  find("#theme").setAttribute("aria-pressed", String(name === "dark"));
}

function showLanguage(name) {
  chooseLanguage(name);
  translate(document);
  find("#language").value = language();
  for (const view of views) view.draw();
  showKept();
  if (find("#verdicts").childElementCount) judge();
}

function listen() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    write();
  });
  find("#judge").addEventListener("submit", (event) => {
    event.preventDefault();
    judge();
  });
  find("#stop").addEventListener("click", () => writing?.abort());
  find("#language").addEventListener("change", (event) => {
    localStorage.setItem("poetgen.language", event.target.value);
    showLanguage(event.target.value);
  });
  find("#theme").addEventListener("click", () => {
    const theme = document.documentElement.dataset.theme === "dark" ? "paper" : "dark";
    localStorage.setItem("poetgen.theme", theme);
    showTheme(theme);
  });
  for (const tab of document.querySelectorAll("[role=tab]")) {
    tab.addEventListener("click", () => showTab(tab));
    tab.addEventListener("keydown", (event) => {
      if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
      showTab(find(tab.id === "tab-write" ? "#tab-check" : "#tab-write"));
    });
  }
}

async function begin() {
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  showTheme(localStorage.getItem("poetgen.theme") ?? (isDark ? "dark" : "paper"));
  showLanguage(localStorage.getItem("poetgen.language") ?? navigator.language);
  listen();
  const model = await getModel();
  learnNames(model.rhymes);
  const options = (names) => names.map((name) => make("option", { value: name, "data-form": name }));
  find("#form").append(...options(model.forms));
  find("#check-form").append(...options(model.forms.filter((name) => name !== "free")));
  find("#rhyme").append(...Object.entries(model.rhymes).map(([group, [name]]) => make("option", { value: group, "data-rhyme": name })));
  translate(document);
  find(".told").hidden = !model.knows_titles;
  find("#poet").append(...model.poets.map((name) => make("option", { value: name }, name)));
  find("#model").textContent = `poetgen ${model.version} · ${model.model}`;
  const query = new URLSearchParams(location.search);
  fillForm(query);
  if (query.has("seed")) await write(query.get("rewrites")?.split(",") ?? []);
  else find("#prompt").focus();
}

begin();
