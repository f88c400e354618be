// Where an open image was loaded again, the entry before it in the history is one of the same document for the browser,
// but the gallery is not in it any more.

import { BASE } from "./base.js";

const isOfImage = (address) => new URL(address).pathname.startsWith(`${BASE}/image/`);

function leaveImage() {
  const [{ name }] = performance.getEntriesByType("navigation");
  if (isOfImage(name) && !isOfImage(location.href)) location.replace(location.href);
}

addEventListener("popstate", leaveImage);
leaveImage(); // before this ran
