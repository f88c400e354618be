"""The soak: the real daemon for an hour, while images arrive in odd ways and visitors request them."""
