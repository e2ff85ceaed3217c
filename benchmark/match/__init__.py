"""Equal budgets: the widths of each mechanism scaled to a number of parameters or multiply-adds."""
