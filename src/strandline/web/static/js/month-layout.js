// The position of every tile of the gallery, from the number of images of each month alone. Pure.

const SMALL = 4; // images: a month with fewer would leave most of a row empty
const YEAR_PX = 22; // a year's number on the rail is as high as this, and two must not overlap
const DOT_PX = 7; // nor two dots for months
const MAX_HEIGHT = 15_000_000; // browsers lay out about 33 million pixels; half of it is safe on dense screens

/**
 * The months in their order, small neighbors of one year as one: `{month, last, count, parts}`, `month` being the first.
 * The server joins them in the same way (`month_runs.py`).
 */
export function joinSmallMonths(months) {
  const runs = [];
  let wasSmall = false;
  for (const { month, count } of months) {
    const isSmall = count < SMALL;
    const run = runs.at(-1);
    if (isSmall && wasSmall && run.month.slice(0, 4) === month.slice(0, 4)) {
      run.last = month;
      run.count += count;
      run.parts.push({ month, count });
    } else runs.push({ month, last: month, count, parts: [{ month, count }] });
    wasSmall = isSmall;
  }
  return runs;
}

/** Where the server finds the image of a run: its month, and the number in there. */
export function findInRun(run, index) {
  let offset = index;
  for (const { month, count } of run?.parts ?? []) {
    if (offset < count) return { month, offset };
    offset -= count;
  }
  return { month: run?.last, offset };
}

/** Columns and tile size for a width, as the style sheet's `repeat(auto-fill, minmax(least, 1fr))` makes them. */
export function fitColumns(width, least, gap) {
  const columns = Math.max(1, Math.floor((width + gap) / (least + gap)));
  return { columns, tile: (width - gap * (columns - 1)) / columns };
}

/**
 * The whole layout: `{columns, tile, least, height, count, sections}`; a section is `{month, last, count, first, top, rows}`.
 *
 * If a million images would be higher than a browser can scroll, tiles become smaller.
 */
export function layOut(months, { width, least, gap, heading }) {
  let size = least;
  let layout = stack(months, { width, least: size, gap, heading });
  while (layout.height > MAX_HEIGHT && size > 24) {
    size *= 0.8;
    layout = stack(months, { width, least: size, gap, heading });
  }
  return layout;
}

function stack(months, { width, least, gap, heading }) {
  const { columns, tile } = fitColumns(width, least, gap);
  const pitch = tile + gap;
  const sections = [];
  let top = 0;
  let first = 0;
  for (const { month, last, count } of months) {
    const rows = Math.ceil(count / columns);
    sections.push({ month, last, count, first, top, rows, bottom: top + heading + rows * pitch });
    top += heading + rows * pitch;
    first += count;
  }
  return { columns, tile, pitch, least, gap, heading, height: top, count: first, sections };
}

/** The parts of sections between two heights: `{section, from, to}`, indices within the month, whole rows. */
export function findVisible(layout, top, bottom) {
  const found = [];
  for (let at = findSection(layout.sections, top, (section) => section.bottom); at < layout.sections.length; at += 1) {
    const section = layout.sections[at];
    if (section.top > bottom) break;
    const start = section.top + layout.heading;
    const firstRow = clamp(Math.floor((top - start) / layout.pitch), 0, section.rows);
    const lastRow = clamp(Math.ceil((bottom - start) / layout.pitch), 0, section.rows);
    found.push({
      section,
      firstRow,
      from: Math.min(firstRow * layout.columns, section.count),
      to: Math.min(lastRow * layout.columns, section.count),
    });
  }
  return found;
}

/** The position in the layout of the image with this number: `{section, index, top}`. */
export function locate(layout, number) {
  const at = findSection(layout.sections, number, (section) => section.first + section.count - 1);
  const section = layout.sections[at];
  if (!section) return null;
  const index = number - section.first;
  const top = section.top + layout.heading + Math.floor(index / layout.columns) * layout.pitch;
  return { section, index, top };
}

/** The image above or below: same column, or the last of a shorter row; the number itself if there is none. */
export function step(layout, number, direction) {
  const { section, index } = locate(layout, number);
  const column = index % layout.columns;
  const row = Math.floor(index / layout.columns) + direction;
  if (row >= 0 && row < section.rows) return section.first + Math.min(row * layout.columns + column, section.count - 1);
  const next = layout.sections[layout.sections.indexOf(section) + direction];
  if (!next) return number;
  const nextRow = direction > 0 ? 0 : next.rows - 1;
  return next.first + Math.min(nextRow * layout.columns + column, next.count - 1);
}

/**
 * What stands on a rail of this height: `{kind, y, text}`, a "year" or the "dot" of a month, from the top.
 *
 * Years are placed first. Dots fill what is left.
 */
export function placeMarks({ sections, height }, railHeight) {
  const months = sections.map(({ month, top }) => ({ text: month.slice(0, 4), y: (top / height) * railHeight }));
  const years = [];
  for (const { text, y } of months) {
    const last = years.at(-1);
    if (text !== (last?.text ?? "") && y - (last?.y ?? -Infinity) >= YEAR_PX) years.push({ kind: "year", y, text });
  }
  const marks = [];
  let next = 0;
  for (const { y } of months) {
    if (years[next]?.y === y) marks.push(years[next++]);
    const above = marks.at(-1);
    const isFree = !above || y - above.y >= (above.kind === "year" ? YEAR_PX / 2 : DOT_PX);
    if (isFree && !(years[next]?.y - y < YEAR_PX / 2)) marks.push({ kind: "dot", y, text: "" });
  }
  return marks;
}

function findSection(sections, value, endOf) {
  let low = 0;
  let high = sections.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (endOf(sections[middle]) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function clamp(value, least, most) {
  return Math.min(Math.max(value, least), most);
}
