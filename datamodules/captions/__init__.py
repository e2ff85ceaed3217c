"""Image captioning: COCO, Flickr8k and Flickr30k, and a synthetic sample."""
