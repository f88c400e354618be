// Where the pages are: the path before every address of this server, without a slash at its end; usually nothing.
//
// This file is at `BASE/static/js/base.js`, so it knows without being told.

export const BASE = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
