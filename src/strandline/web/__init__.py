"""Floor 6: the face for browsers and other programs: HTTP API, image bytes, live events and pages.

It translates and never decides. What surprises: the store below is synchronous; ``crossing`` is the one place where
a request leaves the event loop to ask it something.
"""
