"""Features of frozen encoders: computed each time, or cached."""
