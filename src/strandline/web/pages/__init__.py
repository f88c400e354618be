"""Pages for people: HTML drawn on the server, one module a page."""
