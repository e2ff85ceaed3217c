"""What a run leaves behind: its identity, its folder, its record, its primary metric. Shared by run and report."""
