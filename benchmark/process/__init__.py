"""The process around a run: its terminal, its signals and log, its memory allocator."""
