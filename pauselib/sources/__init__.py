"""Where models, tokenizers and problems come from: embedded, a folder, or the hub."""
