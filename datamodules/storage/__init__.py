"""Files on disk: downloads, archives, caches, locks."""
