"""The pause as text, the text of token ids for people to read, and where in a text its tokens stand."""

import itertools

PAUSE_TEXT = "<|pause|>"


def to_text(ids: list[int], tokenizer, pause_id: int) -> str:
    """Return the text of `ids`, each pause shown as `<|pause|>`, with the space that some tokenizers drop behind it."""
    text = ""
    for is_pause, group in itertools.groupby(ids, lambda token: token == pause_id):
        run = list(group)
        said = PAUSE_TEXT * len(run) if is_pause else tokenizer.decode(run)
        dropped = text and token_text(run[0], tokenizer, pause_id)[:1] == " " != said[:1]
        text += f" {said}" if dropped else said
    return text


def token_text(token: int, tokenizer, pause_id: int) -> str:
    """Return the text of one token with its leading space, which some tokenizers drop when a token is decoded alone."""
    if token == pause_id:
        return PAUSE_TEXT
    piece = tokenizer.convert_ids_to_tokens(token) or ""  # a model may have more rows than there are tokens
    return piece.replace("▁", " ") if "▁" in piece else tokenizer.decode([token], skip_special_tokens=False)


def token_spans(texts: list[str], tokenizer, add_special_tokens: bool = True) -> list[list[tuple[int, int]]]:
    """Return for every token of each text the first and the last bound of the characters that it stands for.

    Tokens that are bytes of one character share its bounds; special tokens have none.
    """
    options = {"return_attention_mask": False, "add_special_tokens": add_special_tokens}
    return tokenizer(texts, return_offsets_mapping=True, **options)["offset_mapping"]
