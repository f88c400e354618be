// Live events: one EventSource per page, shared by all listeners.
//
// It closes while the page is hidden, because a browser allows six connections to one server and people have many
// tabs. When the page is shown again, it asks for everything since.

import { ask } from "./api.js";
import { BASE } from "./base.js";

const TYPES = [
  "image.available", "image.arriving", "image.changed", "image.damaged", "image.foreign", "image.missing",
  "image.removed", "sd.added", "sd.online", "sd.offline", "sd.suspect", "sd.identity_changed", "sd.layout_changed",
  "reference.missing", "reference.resolved", "scan.started", "scan.progress", "scan.finished",
];
const RETRY_MS = 2000;
const PATIENCE_MS = 3000; // a restart of the server is not worth a word

const listeners = new Set();
let source = null;
let lastId = document.documentElement.dataset.since ?? "";
let retry = 0;
let complaint = 0;
let isAway = false;

/** Calls `hear(event)` for each event whose type begins with one of the prefixes, and for `reset`: all may differ. */
export function listen(prefixes, hear) {
  const listener = { prefixes, hear };
  listeners.add(listener);
  if (!source) connect();
  return () => listeners.delete(listener);
}

function connect() {
  clearTimeout(retry);
  source?.close();
  if (document.hidden) return;
  source = new EventSource(`${BASE}/api/v1/events${lastId ? `?since=${encodeURIComponent(lastId)}` : ""}`);
  source.onopen = () => {
    complain(false);
    if (isAway) spread({ type: "reset" }); // what failed meanwhile may be tried again
    isAway = false;
  };
  source.onerror = () => {
    isAway = true;
    complain(true);
    if (source?.readyState !== EventSource.CLOSED) return;
    retry = setTimeout(connect, RETRY_MS);
    ask("/journal?limit=1").catch(() => {}); // leads to the page to sign in if the session has ended
  };
  for (const type of TYPES) {
    source.addEventListener(type, (message) => {
      if (message.lastEventId) lastId = message.lastEventId;
      spread(JSON.parse(message.data));
    });
  }
  for (const type of ["reset", "lagged"]) {
    source.addEventListener(type, (message) => {
      lastId = message.lastEventId || "";
      spread({ type: "reset" });
    });
  }
}

function spread(event) {
  for (const { prefixes, hear } of listeners) {
    if (event.type === "reset" || prefixes.some((prefix) => event.type.startsWith(prefix))) hear(event);
  }
}

function complain(isLost) {
  const banner = document.querySelector(".connection");
  clearTimeout(complaint);
  if (isLost) complaint = setTimeout(() => { banner.hidden = false; }, PATIENCE_MS);
  else banner.hidden = true;
}

document.addEventListener("visibilitychange", () => {
  if (!listeners.size) return;
  if (document.hidden) {
    clearTimeout(retry);
    source?.close();
  } else connect();
});
