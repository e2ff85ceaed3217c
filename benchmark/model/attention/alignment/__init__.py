"""Scores of items against a query: f_att of eq 11."""
