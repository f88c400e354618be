"""Floor 2: pixels. Facts, decoding within limits, thumbnails and their cache; knows neither folders nor the catalog.

``facts`` reads what a picture says about itself, in this process and without any library. ``decoding`` hands pictures
to decoder processes (``decoder_pool``, ``decoder_process``). Only those load libvips and Pillow (``pixels``,
``vips``), so a picture that crashes its decoder or keeps it busy affects nothing else. ``cache`` keeps the results.
"""
