"""The page, the files beside it, and the terminal."""
