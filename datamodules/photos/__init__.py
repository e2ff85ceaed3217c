"""Photographs: decoding, cropping, augmentation, splits."""
