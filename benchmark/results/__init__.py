"""What a run stores: its identity, folder, record and primary metric. Shared by runs and the report."""
