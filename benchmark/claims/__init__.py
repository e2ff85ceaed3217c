"""What the survey claims, and what holds: claims as data, the runs that decide them, and a page of verdicts."""
