"""Recurrent cells: phi of eq 4."""
