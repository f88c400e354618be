// Deleting: the question of the page /delete, and how the answer is undone.

import { tell } from "./api.js";
import { askQuestion } from "./question.js";
import { offerUndo, sayDone } from "./toast.js";
import { sayCount } from "./words.js";

const AT_ONCE = 500; // files in one request; the server takes a thousand

/**
 * Asks, and deletes. Resolves with the report, `{plan, done, refused}`, or null if nothing was deleted.
 *
 * `changed()` is called after an undo.
 */
export async function deleteImages(ids, changed) {
  if (!ids.length) return null;
  const report = await askQuestion("delete", { images: ids.join(" ") }, {
    title: "Delete",
    looking: "Looking which notes use this…",
    doing: "Deleting…",
    act: (fields) => tell("/images/delete", { image_ids: fields.get("images").split(" "), sds: fields.getAll("sd") }),
    late: (done) => offer(done, () => {}),
  });
  if (report) offer(report, changed);
  return report;
}

function offer(report, changed) {
  offerUndo(`${sayGone(report.done)} deleted`, report.refused, () => takeBack(report, changed));
}

async function takeBack(report, changed) {
  const { images, files, refused } = await restore(report.done);
  const back = images.size < files ? sayCount(files, "file is", "files are") : sayCount(images.size, "image is", "images are");
  sayDone(files ? `${back} back` : "Nothing came back", refused);
  changed?.(images);
}

/**
 * Puts these files back where they were, and none that went to the trash before. Returns the ids of the images that are
 * back, in how many files, and what is not.
 */
export async function restore(rows) {
  const ids = rows.map((row) => row.trash_id);
  const images = new Set();
  const refused = [];
  let files = 0;
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    try {
      const restored = await tell("/trash/restore", { trash_ids: ids.slice(at, at + AT_ONCE) });
      for (const row of restored.done) images.add(row.image_id);
      files += restored.done.length;
      refused.push(...restored.refused);
    } catch (error) {
      refused.push({ message: error.message });
    }
  }
  return { images, files, refused };
}

/** `2 images`, or `3 files` if some of them are of one image. */
function sayGone(rows) {
  const images = countImages(rows);
  return images < rows.length ? sayCount(rows.length, "file") : sayCount(images, "image");
}

/** How many images these rows are about. */
export function countImages(rows) {
  return new Set(rows.map((row) => row.image_id)).size;
}
