"""Floor 2: pixels. Decoding within limits, thumbnails, conversion; knows neither folders nor the catalog."""
