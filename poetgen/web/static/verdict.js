// A poem of the reader's own, judged: its sheet with tones and faults, then each finding in words.

import { make } from "/make.js";
import { makeSheet } from "/sheet.js";
import { inChinese, inScript, ruleName, say } from "/words.js";

export function makeVerdict(poem) {
  if (poem.error) return make("p", { class: "fault" }, poem.error);
  const broken = poem.rules.flatMap((rule) => rule.findings.map((finding) => ({ ...finding, gloss: rule.gloss })));
  const faults = new Set(broken.map((finding) => `${finding.line}.${finding.position}`));
  const sheet = makeSheet({ lines: poem.typed, signs: poem.annotation, script: poem.script, faults });
  const findings = [
    ...broken.map((finding) => makeFinding(finding, poem, "broken")),
    ...poem.notes.map((finding) => makeFinding(finding, poem, "noted")),
  ];
  return make(
    "article",
    { class: "poem marked" },
    poem.title ? make("h2", {}, poem.title) : null,
    sheet,
    make("p", { class: "about summary" }, inChinese() ? summary(poem, broken) : poem.summary),
    make("ul", { class: "findings" }, ...findings),
    ...poem.read_as.map((note) => make("p", { class: "about" }, note)),
    make("p", { class: "legend" }, say("legend")),
  );
}

function summary(poem, broken) {
  const names = [...new Set(broken.map((finding) => ruleName(finding.name)))];
  const judged = poem.tones_hold !== null || poem.rhymes_hold !== null;
  const verdict = names.length ? say("breaks", { names: names.join("、") }) : say(poem.old_style ? "oldStyle" : judged ? "keepsAll" : "noRules");
  const rhyme = poem.rhyme_group && say("rhymeNamed", { rhyme: inScript(poem.rhyme_group) });
  return [inScript(poem.form ?? ""), inScript(poem.template ?? ""), rhyme, verdict].filter(Boolean).join(" · ");
}

function makeFinding(finding, poem, kind) {
  const line = finding.line ? poem.typed[finding.line - 1] : "";
  const hanzi = finding.position ? [...line][finding.position - 1] : "";
  const where = finding.line ? say("where", { number: finding.line, line, hanzi: hanzi ? `「${hanzi}」` : "" }) : "";
  const why = inChinese() ? say(`rule_${finding.name}`) : `${finding.reason} (${finding.gloss})`;
  return make("li", { class: kind }, make("strong", {}, ruleName(finding.name)), ` ${where} ${why}`);
}
