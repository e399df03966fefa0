"""What an experiment will cost, before anything is spent: memory, disk, steps, tokens and hours (`make plan`)."""
