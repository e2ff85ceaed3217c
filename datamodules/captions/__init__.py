"""CaptionedImage photographs: COCO, Flickr, and a synthetic sample."""
