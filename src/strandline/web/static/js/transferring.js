// Copying and moving: the questions of the pages /copy and /move, and how the answer is undone.

import { Problem, tell } from "./api.js";
import { countImages, restore } from "./deleting.js";
import { askQuestion } from "./question.js";
import { offerUndo, sayDone } from "./toast.js";
import { sayCount } from "./words.js";

const AT_ONCE = 100; // images in one request: some seconds at most, and the button says how far it is

/** Asks where to, and copies. Resolves with the report, or null if nothing was copied. `changed()` is called after an undo. */
export function copyImages(ids, changed) {
  return transfer("copy", ids, changed, { title: "Copy", looking: "Looking what is there already…", doing: "Copying…" });
}

/** Asks where to and whether, and moves. Resolves with the report, or null if nothing was moved. */
export function moveImages(ids, changed) {
  return transfer("move", ids, changed, { title: "Move", looking: "Looking what is there already…", doing: "Moving…" });
}

async function transfer(verb, ids, changed, words) {
  if (!ids.length) return null;
  const report = await askQuestion(verb, { images: ids.join(" ") }, {
    ...words,
    act: (fields, say) => carryOut(verb, fields, say, words.doing),
    late: (done) => offer(verb, done, () => {}),
  });
  if (report) offer(verb, report, changed);
  return report;
}

/** Some images at a time. If none could be done, the first reason is thrown. */
async function carryOut(verb, fields, say, doing) {
  const ids = fields.get("images").split(" ");
  const report = { to: fields.get("to"), done: [], refused: [], copied: [] };
  let trouble = null;
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    if (ids.length > AT_ONCE) say(`${doing} ${at.toLocaleString("en")} of ${ids.length.toLocaleString("en")}`);
    const wanted = { image_ids: ids.slice(at, at + AT_ONCE), to: report.to };
    if (verb === "move") Object.assign(wanted, { from: fields.get("from") || null, confirm: fields.has("confirm") });
    try {
      const part = await tell(`/images/${verb}`, wanted);
      for (const key of ["done", "refused", "copied"]) report[key].push(...part[key]);
    } catch (error) {
      trouble ??= error;
      if (!(error instanceof Problem) || !error.refused.length) break; // every other part would have it, too
      report.refused.push(...error.refused);
    }
  }
  if (trouble && !report.done.length) throw trouble;
  if (trouble && !report.refused.length) report.refused.push(trouble);
  return report;
}

function offer(verb, report, changed) {
  const done = countImages(report.done);
  const there = done - countImages(report.copied);
  if (verb === "copy" && !report.copied.length) {
    sayDone(done ? `${done === 1 ? "It is" : "They are"} in ${report.to} already` : "Nothing was copied", report.refused);
    return;
  }
  const words = verb === "move" ? `${sayCount(done, "image")} moved to ${report.to}` : `${sayCount(done - there, "image")} copied to ${report.to}`;
  const more = there > 0 ? `, ${there.toLocaleString("en")} ${there === 1 ? "was" : "were"} there already` : "";
  const takeBack = verb === "move" ? () => moveBack(report, changed) : () => removeCopies(report, changed);
  offerUndo(words + more, report.refused, takeBack, { hasTrash: verb === "move" });
}

/** The copies that were written go to the trash. What was there before stays. */
async function removeCopies({ to, copied }, changed) {
  const refused = await discard(to, copied);
  const gone = countImages(copied) - countImages(refused.filter((row) => row.image_id));
  sayDone(`${sayCount(gone, "copy is", "copies are")} in the trash`, refused);
  changed?.();
}

/** First the files come back; then only the copies of those leave the target. */
async function moveBack({ to, done, copied }, changed) {
  const { images, refused } = await restore(done);
  refused.push(...(await discard(to, copied.filter((row) => images.has(row.image_id)))));
  sayDone(images.size ? `${sayCount(images.size, "image is", "images are")} back` : "Nothing came back", refused);
  changed?.();
}

async function discard(to, rows) {
  if (!rows.length) return [];
  try {
    return (await tell("/images/delete", { image_ids: [...new Set(rows.map((row) => row.image_id))], sds: [to] })).refused;
  } catch (error) {
    return error.refused?.length ? error.refused : [error];
  }
}
