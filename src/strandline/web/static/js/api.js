// The HTTP API, as the pages use it: JSON in and out, and problems as errors that say what to do.

import { BASE } from "./base.js";

export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail ?? `The server answered ${status}.`);
    this.status = status;
    this.code = body?.code ?? null;
    this.refused = body?.refused ?? []; // rows that were not done, with reasons
  }
}

/** GET, or whatever `options.method` says; rejects with a Problem, or AbortError. */
export async function ask(path, options = {}) {
  const answer = await fetch(`${BASE}/api/v1${path}`, { headers: { accept: "application/json" }, ...options }).catch(explain);
  if (answer.status === 401) location.reload(); // the session has ended, and the page to sign in comes instead
  const body = await answer.json().catch(passEnding);
  if (!answer.ok) throw new Problem(answer.status, body);
  return body;
}

/** A body that is no JSON is none; one that nobody waits for any more ends the request. */
function passEnding(error) {
  if (error.name === "AbortError") throw error;
  return null;
}

/** A browser's own words ("Failed to fetch") say nothing to a person. */
function explain(error) {
  throw error.name === "AbortError" ? error : new Error("Strandline does not answer. Try again in a moment.");
}

/** POST of a JSON document. */
export function tell(path, document) {
  return ask(path, {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json" },
    body: JSON.stringify(document),
  });
}
