"""Room: the pages that look after pictures: what is missing, what is there twice, and what nobody uses."""

from strandline.web.pages.care import conflicts as conflicts
from strandline.web.pages.care import duplicates as duplicates
from strandline.web.pages.care import overview as overview
from strandline.web.pages.care import unused as unused
from strandline.web.pages.care import wanted as wanted
