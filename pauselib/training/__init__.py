"""The warm-up of a variant with TRL's trainer."""
