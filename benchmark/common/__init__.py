"""What every floor may use: errors, schedules, small helpers for tensors and files."""
