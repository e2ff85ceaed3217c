"""Files on disk: downloads, archives, caches, file locks."""
