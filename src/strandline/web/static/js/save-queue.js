// The queue of files to save: many small files go in one request, and several requests run at once. No DOM.

import { Problem } from "./api.js";
import { BASE } from "./base.js";

const REQUESTS_AT_ONCE = 3; // browsers allow six per server, and the page needs some itself
const MOST_FILES = 100; // per request: they share a sync of the disk, and there is little to repeat
const MOST_BYTES = 4_000_000;
const NO_ANSWER = "Strandline did not answer.";
const TOO_LARGE = 413;
const FINAL = ["unsupported-image", "empty-image", "image-too-large"]; // the same bytes will never be saved

/**
 * Files on their way. `onChange` is called when a number has changed, `onResult` with an item when its result is known:
 * `{file, sd, outcome, reason}`, the outcome being "saved", "incomplete", "there", or "failed"; and unless it failed,
 * `{path, image_id}`: the file that has it now.
 */
export class SaveQueue {
  constructor(onChange, onResult) {
    this.onChange = onChange;
    this.onResult = onResult;
    this.waiting = [];
    this.requests = new Map(); // request → {items, share}: what it carries, and the part that has left
    this.total = 0;
    this.done = 0;
    this.cancelled = 0;
  }

  get isRunning() {
    return this.requests.size > 0 || this.waiting.length > 0;
  }

  /** Files that are done, and the parts of those that are being sent. */
  get progress() {
    let sent = 0;
    for (const { items, share } of this.requests.values()) sent += items.length * share;
    return this.done + sent;
  }

  add(files, sd) {
    if (!this.isRunning) this.total = this.done = this.cancelled = 0;
    for (const file of files) this.waiting.push({ file, sd, outcome: null, reason: "" });
    this.total += files.length;
    this.work();
  }

  /** Sends nothing more. A request whose bytes have all left runs to its end, so that its results are known. */
  cancel() {
    this.cancelled += this.waiting.length;
    this.waiting = [];
    for (const [request, { items, share }] of this.requests) {
      if (share >= 1) continue;
      this.cancelled += items.length;
      this.requests.delete(request);
      request.abort();
    }
    this.onChange();
  }

  work() {
    while (this.requests.size < REQUESTS_AT_ONCE && this.waiting.length) this.send(takeBatch(this.waiting));
    this.onChange();
  }

  /** XMLHttpRequest, because `fetch` does not say how much it has sent. */
  send(items) {
    const request = new XMLHttpRequest();
    const carried = { items, share: 0 };
    this.requests.set(request, carried);
    const isAlone = items.length === 1;
    const [{ file, sd }] = items;
    const query = isAlone ? { sd, name: nameOf(file), modified: timeOf(file) } : { sd };
    request.open("POST", `${BASE}/api/v1/images?${new URLSearchParams(query)}`);
    request.setRequestHeader("accept", "application/json");
    request.responseType = "json";
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) carried.share = event.loaded / event.total;
      this.onChange();
    };
    request.upload.onload = () => { carried.share = 1; };
    request.onloadend = () => {
      if (!this.requests.delete(request)) return; // cancelled
      this.settle(items, request.status, request.response);
      this.work();
    };
    if (isAlone) {
      request.setRequestHeader("content-type", /^image\//.test(file.type) ? file.type : "application/octet-stream");
      request.send(file);
      return;
    }
    const form = new FormData();
    for (const item of items) {
      form.append("files", item.file, nameOf(item.file));
      form.append("modified", timeOf(item.file));
    }
    request.send(form);
  }

  settle(items, status, answer) {
    if (status === TOO_LARGE && items.length > 1) {
      this.waiting.unshift(...items.map((item) => ({ ...item, isAlone: true }))); // together they are too large
      return;
    }
    const find = (results) => (item) => (items.length > 1 ? results?.find(({ source }) => source === nameOf(item.file)) : results?.[0]);
    const [findSaved, findFailed] = [find(answer?.saved), find(answer?.failed)];
    for (const item of items) {
      const [one, failure] = [findSaved(item), findFailed(item)];
      if (one) Object.assign(item, { outcome: judge(one), path: one.path, image_id: one.image_id, warning: one.warning });
      else {
        item.outcome = "failed";
        item.isFinal = FINAL.includes(failure?.code ?? answer?.code);
        item.reason = failure?.message ?? (status ? new Problem(status, answer).message : NO_ANSWER);
      }
      this.done += 1;
      this.onResult(item);
    }
  }
}

/** What a file is called in a request. */
export function nameOf(file) {
  return file.name || "pasted image";
}

/** When the file was last written to: a picture without a date of its own sorts by it. */
function timeOf(file) {
  const time = new Date(file.lastModified);
  return Number.isNaN(time.getTime()) || time.getUTCFullYear() < 1 || time.getUTCFullYear() > 9999 ? "" : time.toISOString();
}

/** Takes the next files that fit in one request: of one folder, each with a name of its own, so results have theirs. */
function takeBatch(waiting) {
  const items = [];
  const names = new Set();
  let bytes = 0;
  while (waiting.length && items.length < MOST_FILES) {
    const { file, sd } = waiting[0];
    const name = nameOf(file);
    bytes += file.size;
    const isAlone = waiting[0].isAlone || isRewritten(name);
    if (items.length && (isAlone || sd !== items[0].sd || names.has(name) || bytes > MOST_BYTES)) break;
    items.push(waiting.shift());
    names.add(name);
    if (isAlone) break;
  }
  return items;
}

/** Whether a form would carry another name, or the server would take a part of it for a folder of Windows. */
function isRewritten(name) {
  return /["\\\r\n]/.test(name);
}

function judge(saved) {
  if (!saved.new) return "there";
  return saved.whole ? "saved" : "incomplete";
}
