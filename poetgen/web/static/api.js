// The server's JSON API: poems as they come, one answer, or a file. A refusal is an Error with the server's sentence,
// which is in the page's language.

import { language } from "/words.js";

async function post(name, body, signal) {
  const response = await fetch(`/api/${name}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Accept-Language": language() },
    body: JSON.stringify(body),
    signal,
  });
  if (!response.ok) throw new Error(await sentence(response));
  return response;
}

async function sentence(response) {
  try {
    return (await response.json()).error;
  } catch {
    return `${response.status} ${response.statusText}`;
  }
}

/** The first poem of an answer that has one JSON object a line. */
export async function askPoem(name, body, signal) {
  const text = await (await post(name, body, signal)).text();
  return JSON.parse(text.split("\n")[0]);
}

export async function ask(name, body, signal) {
  return (await post(name, body, signal)).json();
}

export async function askFile(name, body) {
  return (await post(name, body)).blob();
}

export async function getModel() {
  return (await fetch("/api/model")).json();
}
