"""Commands beside the run: fetch a data set, check its files, score captions, write results for COCO's server."""
