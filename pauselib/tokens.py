"""The pause as text, the text of token ids for people to read, and where in a text its tokens stand."""

from pauselib.errors import InputError

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
    piece = tokenizer.convert_ids_to_tokens(token) or ""  # a model may have more rows than there are tokens
    return piece.replace("▁", " ") if "▁" in piece else tokenizer.decode([token], skip_special_tokens=False)


def token_spans(texts: list[str], tokenizer, add_special_tokens: bool = True) -> list[list[tuple[int, int]]]:
    """Return for every token of each text the first and the last bound of the characters that it stands for.

    Tokens that are bytes of one character share its bounds; special tokens have none. Raises InputError for a tokenizer
    that tells neither where its tokens stand nor what the text was.
    """
    options = {"return_attention_mask": False, "add_special_tokens": add_special_tokens}
    if tokenizer.is_fast:
        return tokenizer(texts, return_offsets_mapping=True, **options)["offset_mapping"]
    ids = tokenizer(texts, **options)["input_ids"]
    return [spans_by_decoding(of_text, text, tokenizer) for of_text, text in zip(ids, texts)]


def spans_by_decoding(ids: list[int], text: str, tokenizer) -> list[tuple[int, int]]:
    """Return the bounds of a text's tokens, by the texts of the first of them, of the first two, and so on."""
    options = {"skip_special_tokens": True, "clean_up_tokenization_spaces": False}
    said = [tokenizer.decode(ids[:n], **options) for n in range(len(ids) + 1)]
    if said[-1] != text:
        raise InputError(
            f"{type(tokenizer).__name__} doesn't tell where in a text its tokens stand: choose a model with a fast "
            "tokenizer."
        )
    known = [n_same(part, text) for part in said]  # what stands for half a character is not in the text
    spans, past = [], len(text)
    for token, start, end in reversed(list(zip(ids, known, known[1:]))):
        past = end if end > start else past
        spans.append((start, start) if token in tokenizer.all_special_ids else (start, past))
    return spans[::-1]


def n_same(part: str, text: str) -> int:
    """Return how many characters two texts begin with alike.

    >>> n_same("12?", "12 euros")
    2
    """
    return next((n for n, pair in enumerate(zip(part, text)) if pair[0] != pair[1]), min(len(part), len(text)))
