"""Captioned photographs: COCO, Flickr, and a synthetic sample."""
