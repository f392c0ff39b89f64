// A poem in vertical columns, each line a button or plain text, with tones, rhymes and faults beside.

import { make } from "/make.js";
import { inScript, say } from "/words.js";

const TOGETHER_ABOVE = 4; // lines: longer poems have two in a column

/**
 * lines: [text]; signs: [{tones, rhyme}]; faults: Set of "line.place" from 1; rewrite: called with a line's number.
 * signature: what stands by the seal, null for neither. Returns the sheet; its class "marked" shows the signs.
 */
export function makeSheet({ lines, signs, script, faults = new Set(), rewrite = null, signature = null }) {
  const together = lines.length > TOGETHER_ABOVE ? 2 : 1;
  const columns = make("ol", { class: "columns" });
  for (let first = 0; first < lines.length; first += together) {
    const column = make("li");
    column.style.setProperty("--place", first / together);
    for (let number = first; number < Math.min(first + together, lines.length); number += 1) {
      column.append(makeLine(lines[number], signs[number], number + 1, faults, rewrite));
    }
    columns.append(column);
  }
  const lang = script === "simplified" ? "zh-Hans" : "zh-Hant";
  return make("div", { class: "sheet", lang }, makeSignature(signature, lang), columns);
}

/** What stands at the end, to the left: form and rhyme, and the seal. The line below the sheet says it in words. */
function makeSignature(signature, lang) {
  if (signature === null) return null;
  const words = make("span", {}, inScript(signature, lang === "zh-Hans"));
  return make("div", { class: "signature", "aria-hidden": "true" }, words, make("span", { class: "seal" }, "吟"));
}

function makeLine(text, sign, number, faults, rewrite) {
  const hanzi = [...text].map((char, place) =>
    make("span", { class: faults.has(`${number}.${place + 1}`) ? "hanzi fault" : "hanzi", "data-tone": sign?.tones[place] }, char),
  );
  const shared = { class: sign?.rhyme ? "line rhymes" : "line", "data-line": number };
  if (!rewrite) return make("div", { ...shared, role: "img", "aria-label": describe(text, sign, number) }, ...hanzi);
  const label = `${describe(text, sign, number)} ${say("rewriteThis")}`;
  return make("button", { ...shared, type: "button", "aria-label": label, title: say("rewriteThis"), click: () => rewrite(number) }, ...hanzi);
}

function describe(text, sign, number) {
  const rhyme = sign?.rhyme ? say("rhymesIn", { rhyme: sign.rhyme }) : "";
  return `${say("lineNumber", { number })} ${text}. ${sign ? `${sign.tones}.` : ""} ${rhyme}`.trim();
}
