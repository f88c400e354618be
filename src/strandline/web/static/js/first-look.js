// The small copy of a large picture, until that has come: in the same place, of the same size.

import { addressOfSmall } from "./tile.js";

const SOON_MS = 80; // what comes within this time needs none: two changes would only flicker

export class FirstLook {
  /** `canvas` is under the picture, with the same rules for its place. */
  constructor(canvas, picture) {
    this.canvas = canvas;
    this.picture = picture;
  }

  /** The picture has been asked for. What it showed before does not stay until it comes. */
  async show(image) {
    this.end();
    this.image = image;
    const small = isSized(image) ? findTilePicture(image) ?? load(addressOfSmall(image)) : null;
    await new Promise((resume) => { setTimeout(resume, SOON_MS); });
    if (this.image !== image) return;
    this.picture.classList.add("is-coming");
    const drawn = await small;
    if (drawn && this.image === image) this.draw(image, drawn);
  }

  draw(image, small) {
    draw(small, this.canvas);
    const isTurned = small.naturalWidth > small.naturalHeight !== image.width > image.height; // the numbers are as stored
    const [width, height] = isTurned ? [image.height, image.width] : [image.width, image.height];
    Object.assign(this.canvas.style, { width: `${width}px`, height: `${height}px` });
    this.canvas.hidden = false;
  }

  /** The picture is here, or will not come. */
  end() {
    this.image = null;
    this.canvas.hidden = true;
    this.picture.classList.remove("is-coming");
  }
}

/** Whether anybody knows how large the picture will be. */
function isSized({ width, hasOtherFacts, state, media_type }) {
  return Boolean(width) && !hasOtherFacts && state === "present" && media_type !== "image/svg+xml";
}

/** The picture of the image's tile, as it is on the page now: nothing is asked of the server. Null if it has none. */
export function drawTile(image) {
  const shown = findTilePicture(image);
  return shown && draw(shown, document.createElement("canvas")).toDataURL("image/webp");
}

function findTilePicture(image) {
  const shown = document.querySelector(`.tile[data-id="${image.image_id}"] img.is-drawn`);
  return shown?.naturalWidth ? shown : null;
}

function draw(picture, canvas) {
  Object.assign(canvas, { width: picture.naturalWidth, height: picture.naturalHeight });
  canvas.getContext("2d").drawImage(picture, 0, 0);
  return canvas;
}

/** The picture of this address, once it is here. Null if there is none. */
async function load(address) {
  const picture = Object.assign(new Image(), { src: address });
  return picture.decode().then(() => picture, () => null);
}
