"""The claims of the plan and their verdicts."""
