"""Pages for people: HTML rendered on the server, one module per page."""
