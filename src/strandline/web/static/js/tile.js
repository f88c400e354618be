// One tile: a link with a picture, or with the reason why there is none. Made from the server's own template.

import { BASE } from "./base.js";
import { HAS_PICTURE, labelOf, sayFolder, sayState, titleOf } from "./words.js";

const SIZES = [400, 800]; // pixels of a small copy's longer side: two, so that both are soon in the server's cache

let small = SIZES[0];

/** How large tiles are, in pixels of the screen. From then on they ask for copies of that size. */
export function setTileSize(pixels) {
  small = SIZES.find((size) => size >= pixels) ?? SIZES.at(-1);
}

/** Where the small copy is that tiles show. If its folder is away, the server may have one from before. */
export function addressOfSmall(image) {
  return `${BASE}/i/${image.image_id}?w=${small}${image.away || image.state === "online-only" ? "&quiet=1" : ""}`;
}

let asked = ""; // the listing that the tiles are of, as a part of addresses

/** From which listing tiles lead to pages of images: these lead back to it, and on in it. */
export function setListing(query) {
  asked = query.size ? `?${query}` : "";
}

/** The page of the image, as part of the listing. */
export function addressOfPage(image) {
  return `${BASE}/image/${image.image_id}${asked}`;
}

const PLACEHOLDER = { role: "link", "aria-disabled": "true" }; // of a link that leads nowhere yet

const NO_PREVIEW = { word: "no preview", tone: "", moving: false };

/** An empty tile. */
export function makeTile() {
  return document.getElementById("tile").content.firstElementChild.cloneNode(true);
}

/** Shows an image in a tile; undefined makes it empty. Leaves unchanged what is right already. */
export function showImage(tile, image) {
  const known = image ? `${image.image_id} ${image.state} ${image.away ?? ""} ${image.original_name ?? ""} ${image.paths?.[0]?.[1]} ${small}` : "";
  if (tile.dataset.shows === known) return;
  const isSame = tile.dataset.id === image?.image_id && tile.dataset.state === image?.state;
  const isMoved = tile.dataset.away !== (image?.away ?? ""); // its folder went away, or is back
  const hadPicture = isSame && !(isMoved && tile.dataset.failed);
  tile.dataset.shows = known;
  tile.dataset.id = image?.image_id ?? "";
  tile.toggleAttribute("data-doubtful", Boolean(image?.isDoubtful));
  tile.dataset.state = image?.state ?? "";
  tile.dataset.away = image?.away ?? "";
  const link = tile.querySelector("a");
  const pick = tile.querySelector(".pick");
  pick.hidden = !image;
  if (!image) {
    link.removeAttribute("href");
    for (const [name, value] of Object.entries(PLACEHOLDER)) link.setAttribute(name, value);
    link.setAttribute("aria-label", "Loading");
    link.removeAttribute("title");
    showCaption(tile, "", "");
    tile.querySelector("img").removeAttribute("src");
    showBadge(tile, null);
    tile.classList.remove("no-picture");
    return;
  }
  if (!hadPicture) delete tile.dataset.failed;
  const badge = sayState(image.state) ?? sayState(image.away && "away") ?? (tile.dataset.failed ? sayFailure(tile) : null);
  const title = labelOf(image);
  link.href = addressOfPage(image);
  for (const name of Object.keys(PLACEHOLDER)) link.removeAttribute(name);
  link.title = title;
  showCaption(tile, titleOf(image), sayFolder(image));
  link.setAttribute("aria-label", badge ? `${title}, ${badge.word}` : title);
  pick.setAttribute("aria-label", `Select ${title}`);
  showBadge(tile, badge);
  if (!hadPicture || isTooSmall(tile)) showPicture(tile, image);
}

/** Requests the picture again: it was not available before, or its address has other bytes now. */
export function refreshPicture(tile) {
  delete tile.dataset.failed;
  delete tile.dataset.shows;
  tile.dataset.state = "";
}

/** If a picture is not available, shows the reason in words. */
export function showFailure(tile) {
  tile.classList.add("no-picture");
  tile.dataset.failed = "yes";
  if (!tile.querySelector(".badge").textContent) showBadge(tile, sayFailure(tile));
}

/** In a folder that has lost too many files at once, a picture that fails is probably one of them. */
function sayFailure(tile) {
  return tile.hasAttribute("data-doubtful") ? sayState("unseen") : NO_PREVIEW;
}

/** Whether the picture was asked for while tiles were smaller, or the screen was less dense. */
function isTooSmall(tile) {
  const size = new URL(tile.querySelector("img").src || location.href).searchParams.get("w");
  return size !== null && Number(size) < small;
}

function showPicture(tile, image) {
  const picture = tile.querySelector("img");
  const hasPicture = HAS_PICTURE.has(image.state);
  tile.classList.toggle("no-picture", !hasPicture);
  picture.removeAttribute("src");
  picture.classList.remove("is-drawn");
  // of an incomplete picture there is no small copy, but a browser shows the part that is there
  if (hasPicture) picture.src = image.state === "partial" ? `${BASE}/i/${image.image_id}` : addressOfSmall(image);
}

function showCaption(tile, title, folder) {
  tile.querySelector(".caption span").textContent = title;
  tile.querySelector(".caption small").textContent = folder;
}

function showBadge(tile, badge) {
  const mark = tile.querySelector(".badge");
  mark.textContent = badge?.word ?? "";
  mark.className = `badge ${badge?.tone ?? ""}${badge?.moving ? " moving" : ""}`;
}
