"""Floor 2: pixels. Facts, decoding within limits, thumbnails and their cache; knows neither folders nor the catalog.

``facts`` reads what a picture says of itself, in this process and without any library. ``decoding`` hands pictures
to decoder processes (``decoder_pool``, ``decoder_process``), which alone load libvips and Pillow (``pixels``,
``vips``): a picture that crashes its decoder, or keeps it busy, harms nobody. ``cache`` keeps what was made.
"""
