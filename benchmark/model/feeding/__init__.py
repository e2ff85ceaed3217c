"""Which symbol is fed back while training: teacher forcing, scheduled sampling."""
