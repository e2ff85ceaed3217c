"""Further commands: fetch a data set, check its files, score captions, write results for COCO's server."""
