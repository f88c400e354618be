// Words for people, the same as the server's, so a tile reads the same whichever side made it. The words of states come
// from the server with the template of a tile.

const STATES = JSON.parse(document.getElementById("tile")?.dataset.states ?? "{}");

export const HAS_PICTURE = new Set(["present", "partial", "online-only", "copy"]);

/** What a tile says about an image's state, or if its folder is "away": `{word, tone, moving}`; null if all is well. */
export function sayState(state) {
  return STATES[state] ?? null;
}

/** Text from a storage directory with everything that is not plainly visible escaped: `\u202e`. */
export function harmless(text) {
  return text.replace(/(?![\u200c\u200d\u00a0\u202f\u3000])[\p{C}\p{Zl}\p{Zp}]/gu, (char) => {
    const code = char.codePointAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
  });
}

/** `3.1 MB`, in the decimal units of file managers. */
export function sayBytes(bytes) {
  if (bytes === null || bytes === undefined) return "size not known";
  if (bytes < 1000) return `${bytes} B`;
  let size = bytes;
  for (const unit of ["kB", "MB", "GB"]) {
    size /= 1000;
    if (size < 999.5) return `${size < 99.5 ? size.toFixed(1) : size.toFixed(0)} ${unit}`;
  }
  return `${(size / 1000).toFixed(1)} TB`;
}

/** `1 image`, `1,204 images`. */
export function sayCount(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

/** `JPEG` for `image/jpeg`, `SVG` for `image/svg+xml`, `ICO` for the only name that a vendor gave. */
export function sayType(mediaType) {
  if (mediaType === "image/vnd.microsoft.icon") return "ICO";
  return mediaType.replace(/^.*\//, "").replace(/\+.*$/, "").toUpperCase();
}

/** `November 2026` for `2026-11`. */
export function sayMonth(month) {
  const [year, number] = month.split("-").map(Number);
  if (!number) return month;
  return new Date(Date.UTC(year, number - 1)).toLocaleDateString("en", { month: "long", year: "numeric", timeZone: "UTC" });
}

/** `March to August 2026` for months of one year, in either order. */
export function sayMonths(first, last) {
  if (first === last) return sayMonth(first);
  const [begin, end] = [first, last].sort();
  return `${sayMonth(begin).replace(/ \S+$/, "")} to ${sayMonth(end)}`;
}

/** `12 May 2024`, by the camera's own calendar. */
export function sayDay(iso) {
  return new Date(iso).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
}

/** Name, day, and folder: what a tile is called for screen readers and under the pointer. */
export function labelOf(image) {
  const folder = sayFolder(image);
  const place = image.sd_name && harmless(image.sd_name) + (folder && `: ${folder}`);
  return [titleOf(image), image.day && sayDay(image.day), place].filter(Boolean).join(", ");
}

/** The folder of its best file. Empty if it is the media folder, which says nothing, or the root. */
export function sayFolder({ paths }) {
  const folder = paths?.[0]?.[1].replace(/\/?[^/]*$/, "") ?? "";
  return folder === "media" ? "" : harmless(folder);
}

/** Where each of its files is: `Vault: Trips/Lisbon/tram 28.png`. */
export function sayPaths({ paths }) {
  return (paths ?? []).map(([sd, path]) => `${harmless(sd)}: ${harmless(path)}`);
}

/** `74 images`, and how many files they are in, if some of these have the same bytes. */
export function sayImages(images, files) {
  return sayCount(images, "image") + (files > images ? ` in ${sayCount(files, "file")}` : "");
}

/** The user's name for it, otherwise its type and the beginning of its id. */
export function titleOf(image) {
  return image.original_name ? harmless(image.original_name) : `${sayType(image.media_type)} image ${image.image_id.slice(0, 8)}`;
}
