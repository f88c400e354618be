"""Floor 6: the face for browsers and other programs: HTTP API, image bytes, live events, and pages.

It translates and never decides. The store below is synchronous; requests leave the event loop to use it only through
``threads``.
"""
