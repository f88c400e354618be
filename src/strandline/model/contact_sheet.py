"""The contact sheet of an export: one page of HTML that works from any folder, without a server, scripts, or network.

Pure. Names come from people and other machines, so each is escaped, and shown as what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from strandline.model.exports import IMAGES, MANIFEST, THUMBNAILS, ExportedImage, LeftOut
from strandline.model.plain_words import say_bytes, say_count, show_plainly

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 90rem; padding: 1.5rem; }
h1 { font-size: 1.5rem; margin: 0; }
p { margin: .25rem 0 1.5rem; opacity: .75; }
ul { display: grid; gap: 1.25rem; grid-template-columns: repeat(auto-fill, minmax(min(14rem, 100%), 1fr));
  list-style: none; margin: 0; padding: 0; }
li a { color: inherit; display: block; text-decoration: none; }
li a:hover span { text-decoration: underline; }
.frame { align-items: center; aspect-ratio: 1; background: #8882; border-radius: .5rem; display: flex;
  justify-content: center; margin-bottom: .5rem; overflow: hidden; }
img { height: 100%; object-fit: contain; width: 100%; }
span { display: block; font-weight: 600; overflow-wrap: anywhere; }
small { opacity: .75; }
@media print { li { break-inside: avoid; } }
"""


def format_sheet(images: Sequence[ExportedImage], refused: Sequence[LeftOut]) -> bytes:
    """The page's bytes. Its links are relative: they work wherever the folder is.

    Law: no name can end its element, and no link leads out of the folder.
    """
    size_bytes = sum(image.size_bytes or 0 for image in images)
    left = f"; {say_count(len(refused), 'image')} left out, see {MANIFEST}" if refused else ""
    items = "\n".join(map(_format_item, images))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{say_count(len(images), "image")}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{_STYLE}</style>
</head>
<body>
<h1>{say_count(len(images), "image")}</h1>
<p>{say_bytes(size_bytes)}{left}</p>
<ul>
{items}
</ul>
</body>
</html>
""".encode()


def _format_item(image: ExportedImage) -> str:
    name = escape(show_plainly(image.name))
    small = f"{THUMBNAILS}/{quote(image.thumbnail)}" if image.thumbnail else ""
    shown = f'<img src="{small}" alt="" loading="lazy">' if small else escape(image.media_type)
    at = image.taken_at or image.modified_at
    facts = [at.date().isoformat()] if at is not None else []
    facts += [f"{image.width} × {image.height}"] if image.width and image.height else []
    facts.append(say_bytes(image.size_bytes))
    return (
        f'<li><a href="{IMAGES}/{quote(image.name)}"><div class="frame">{shown}</div>'
        f"<span>{name}</span><small>{escape(', '.join(facts))}</small></a></li>"
    )
