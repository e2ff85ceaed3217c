"""Scores of captions, equal to COCO's."""
