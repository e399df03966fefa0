"""Where a model pauses, and why."""
