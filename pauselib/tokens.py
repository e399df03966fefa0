"""The pause as text, and the text of token ids for people to read. Counting and scoring use the ids."""

PAUSE_TEXT = "<|pause|>"


def to_text(ids: list[int], tokenizer, pause_id: int) -> str:
    """Return the text of `ids`, each pause shown as `<|pause|>`."""
    parts, part = [], []
    for token in [*ids, pause_id]:
        if token == pause_id:
            parts.append(tokenizer.decode(part, skip_special_tokens=False))
            part = []
        else:
            part.append(token)
    return PAUSE_TEXT.join(parts)


def token_text(token: int, tokenizer, pause_id: int) -> str:
    """Return the text of one token with its leading space, which some tokenizers drop when a token is decoded alone."""
    if token == pause_id:
        return PAUSE_TEXT
    piece = tokenizer.convert_ids_to_tokens(token)
    return piece.replace("▁", " ") if "▁" in piece else tokenizer.decode([token], skip_special_tokens=False)
