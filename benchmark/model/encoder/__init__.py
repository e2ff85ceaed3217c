"""Encoders: from an image, or a glimpse of one, to features."""
