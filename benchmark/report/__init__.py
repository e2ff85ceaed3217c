"""From the records of a study to its statistics, tables, figures and page; imports nothing of training."""
