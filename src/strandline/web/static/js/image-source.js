// Images by month and position, fetched in pages while they are needed.
//
// A stale page is shown until its successor has arrived, so nothing flickers. Only what tiles show is kept, of the most
// recent pages, so a million images cost no more than a thousand.

import { ask } from "./api.js";
import { findInRun, joinSmallMonths } from "./month-layout.js";

const PAGE = 100;
const MAX_PAGES = 80;
const RETRY_MS = 2000;

/** One image by its id, as tiles know it that a listing of `query` shows. */
export async function fetchImage(id, query) {
  const within = new URLSearchParams([...query].filter(([name]) => name === "sd" || name === "folder"));
  return trim(await ask(`/images/${id}?${within}`));
}

export class ImageSource {
  /**
   * `query` is a URLSearchParams with the filters; `changed()` is called when something can be drawn again, and
   * `differ()` when the server has fewer images than it has counted.
   */
  constructor(query, changed, differ) {
    this.query = query;
    this.changed = changed;
    this.differ = differ;
    this.months = [];
    this.pages = new Map(); // "2026-11/3" → {images, stale, isShort}, least recently wanted first
    this.loading = new Map(); // the same → AbortController
    this.failedAt = new Map();
    this.counting = new AbortController();
    this.files = 0; // how many files the images have
    this.isFresh = true; // false: the server is counting again, and gave its earlier result
  }

  /** Fetches the months again. Pages of changed months become stale. True if any changed. */
  async loadMonths() {
    const { months: counted, files, fresh } = await ask(`/images/months?${this.query}`, { signal: this.counting.signal });
    const months = joinSmallMonths(counted);
    this.files = files;
    this.isFresh = fresh !== false;
    const sign = ({ last, count }) => `${last} ${count}`;
    const before = new Map(this.months.map((run) => [run.month, sign(run)]));
    const differ = months.filter((run) => before.get(run.month) !== sign(run)).map(({ month }) => month);
    const isSame = differ.length === 0 && months.length === this.months.length;
    this.months = months;
    for (const month of differ) this.expire(month);
    return !isSame;
  }

  /** Marks the images of a month, or of all months, as stale. */
  expire(month = null) {
    for (const [key, page] of this.pages) if (month === null || key.startsWith(`${month}/`)) page.stale = true;
  }

  /** Stores images at their known positions. */
  fill(month, offset, images) {
    images.forEach((image, at) => {
      const page = this.pageFor(month, Math.floor((offset + at) / PAGE));
      page.images[(offset + at) % PAGE] = trim(image, month);
    });
  }

  /** The image, or undefined while it is not here. */
  get(month, index) {
    return this.pages.get(`${month}/${Math.floor(index / PAGE)}`)?.images[index % PAGE];
  }

  /** Fetches what is missing in these parts, `{month, from, to}`, and cancels all other requests. */
  want(parts) {
    const wanted = new Map();
    for (const { month, count, from, to } of parts) {
      for (let number = Math.floor(from / PAGE); number * PAGE < to; number += 1) {
        wanted.set(`${month}/${number}`, { month, number, size: Math.min(PAGE, count - number * PAGE) });
      }
    }
    for (const [key, control] of this.loading) {
      if (!wanted.has(key)) {
        control.abort();
        this.loading.delete(key);
      }
    }
    for (const [key, { month, number, size }] of wanted) {
      const page = this.pages.get(key);
      if (page) this.touch(key, page);
      const isWhole = page && !page.stale && (page.isShort || isFilled(page.images, size));
      if (!isWhole && !this.loading.has(key)) this.load(key, month, number, size);
    }
    this.forget(wanted);
  }

  /** Like `get`, but waits for it; undefined if it is not available. */
  async fetchOne(month, index) {
    const known = this.get(month, index);
    if (known && !this.pages.get(`${month}/${Math.floor(index / PAGE)}`).stale) return known;
    const { images } = await ask(`/images?${this.queryAt(month, index, 1)}`);
    return images[0] && trim(images[0], month);
  }

  /** The images of a part of a month, those that are here and those that must be fetched, page by page. */
  async fetchPart(month, from, to) {
    const found = [];
    for (let at = from; at < to; at += PAGE) {
      const end = Math.min(at + PAGE, to);
      const known = Array.from({ length: end - at }, (_, step) => this.get(month, at + step));
      if (known.every(Boolean)) found.push(...known);
      else {
        found.push(...(await ask(`/images?${this.queryAt(month, at, end - at)}`)).images.map((image) => trim(image, month)));
      }
    }
    return found;
  }

  async load(key, month, number, size) {
    const failed = this.failedAt.get(key);
    if (failed && performance.now() - failed < RETRY_MS) return;
    const control = new AbortController();
    this.loading.set(key, control);
    try {
      const { images } = await ask(`/images?${this.queryAt(month, number * PAGE, size)}`, { signal: control.signal });
      const isShort = images.length < size; // asked for again only when its month has changed
      this.touch(key, { images: images.map((image) => trim(image, month)), stale: false, isShort });
      this.failedAt.delete(key);
      this.changed();
      if (isShort) this.differ();
    } catch (error) {
      if (error.name === "AbortError") return;
      this.failedAt.set(key, performance.now());
      setTimeout(this.changed, RETRY_MS); // drawing again asks again
    } finally {
      if (this.loading.get(key) === control) this.loading.delete(key);
    }
  }

  /** The query for so many images from a position in a month, or in the small months that begin with it. */
  queryAt(month, index, limit) {
    const place = findInRun(this.months.find((run) => run.month === month), index);
    const query = new URLSearchParams(this.query);
    query.set("at", place.month ?? month);
    query.set("offset", String(place.offset));
    query.set("limit", String(limit));
    return query;
  }

  close() {
    this.counting.abort();
    for (const control of this.loading.values()) control.abort();
    this.loading.clear();
  }

  pageFor(month, number) {
    const key = `${month}/${number}`;
    if (!this.pages.has(key)) this.pages.set(key, { images: [], stale: false });
    return this.pages.get(key);
  }

  touch(key, page) {
    this.pages.delete(key);
    this.pages.set(key, page);
  }

  forget(wanted) {
    for (const key of this.pages.keys()) {
      if (this.pages.size <= MAX_PAGES) break;
      if (!wanted.has(key)) this.pages.delete(key);
    }
  }
}

function isFilled(images, size) {
  for (let at = 0; at < size; at += 1) if (!images[at]) return false;
  return true;
}

function trim(image, month) {
  const best = image.files?.[0];
  const { image_id, media_type, original_name, width, height, size_bytes, taken_at } = image;
  const away = image.away ?? (image.files?.every((file) => file.sd_state !== "online" && file.sd_state !== "suspect") && best.sd_name);
  const isUnseen = !away && best?.state === "present" && best.absent_since;
  const isIncomplete = best?.state === "present" && best.whole === false;
  const state = image.state ?? (image.from_conflict_copy ? "copy" : isUnseen ? "unseen" : isIncomplete ? "partial" : best?.state) ?? "present";
  const isDoubtful = image.isDoubtful ?? image.files?.every((file) => file.sd_state === "suspect");
  const day = image.day ?? taken_at ?? best?.mtime ?? best?.first_seen;
  const file_date = image.file_date ?? best?.mtime;
  const sd_name = image.sd_name ?? best?.sd_name;
  const hasOtherFacts = image.hasOtherFacts ?? Boolean(image.from_conflict_copy && best.state !== "missing");
  const paths = image.paths ?? image.files?.map((file) => [file.sd_name, file.path]) ?? [];
  return { image_id, month, day, sd_name, paths, media_type, original_name, width, height, size_bytes, taken_at, file_date, state, away: away || null, isDoubtful: Boolean(isDoubtful), hasOtherFacts };
}
