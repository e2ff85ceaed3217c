"""The process of a run: terminal, signals, log, accelerators and memory allocator."""
