"""Decoders: the recurrent core and what is read from its state."""
