"""The standing of all runs of a study, from their folders alone: while a sweep runs, from elsewhere, after it died."""
