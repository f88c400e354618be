"""Forms of pages, as a browser without scripts sends them."""

from __future__ import annotations

import re

import httpx

from builders.served import Served


def find_job(page: str, action: str) -> str:
    """The number of the job that the page's form with this action is about. Empty if the page has no such form."""
    form = re.search(rf'<form[^>]* action="{re.escape(action)}"[^>]*>(.*?)</form>', page, re.DOTALL)
    field = form and re.search(r'<input type="hidden" name="job" value="([^"]*)">', form[1])
    return field[1] if field else ""


def press(served: Served, page: str, action: str, /, **fields: str) -> httpx.Response:
    """The answer to the form of a page that was read before; the page that it leads to, if it leads to one."""
    fields = {"job": find_job(page, action), **fields}
    return served.client.post(action, data=fields, follow_redirects=True)
