"""Tables, charts and SVG."""
