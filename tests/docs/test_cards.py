"""The data sheet, the card and the citation have the numbers of the code and of the embedded model's files."""

import pytest
import yaml
from conftest import ROOT

import pauselib
from pauselib.files import read_json
from pauselib.sources import generator, models
from pauselib.sources.problems import GENERATED
from tools import pretrain

SHEET, CARD = (" ".join((ROOT / "docs" / f"{name}.md").read_text().split()) for name in
               ("generator-datasheet", "embedded-model-card"))  # fmt: skip
TINY = models.model_source("tiny")


@pytest.mark.parametrize(
    "said",
    [
        f"{len(generator.ITEMS)} scenes",
        f"{len(generator.NAMES)} first names",
        f"{len(generator.EVENTS)} kinds of events with {sum(map(len, generator.EVENTS.values()))} ways",
        f"{len(generator.STARTS)} beginnings, {len(generator.ASKS)} questions",
        f"{len(generator.OPENINGS)} phrases that open a line and {len(generator.CLAUSES)} clauses",
        f"the first {GENERATED['train']:,} of `train` and the first {GENERATED['test']:,} of `test`",
        "({}, {} and {} sixteenths)".format(*(len(split.share) for split in generator.SPLITS.values())),
        f"up to {generator.SPLITS['pretrain'].largest}, where the others go up to {generator.SPLITS['test'].largest}",
    ],
)
def test_the_data_sheet_counts_what_the_generator_has(said):
    assert said in SHEET


def test_the_card_has_the_sizes_and_the_settings_of_the_shipped_files():
    config, made = read_json(TINY / "config.json"), read_json(TINY / "made_from.json")["settings"]
    n_parameters = (TINY / "model.safetensors").stat().st_size / 4  # float32, and a short header
    for said in (
        f"{config['num_hidden_layers']} layers of width {config['hidden_size']}, {config['num_attention_heads']} "
        f"attention heads and {config['num_key_value_heads']} for keys and values",
        f"{n_parameters / 1e6:.1f} million parameters",
        f"room for {config['max_position_embeddings']:,} positions",
        f"tokenizer of {config['vocab_size']:,} tokens",
        f"{made['n_steps']:,} steps of {made['batch_size']} rows of {pretrain.BLOCK} tokens, with a learning rate "
        f"of {made['lr']} and seed {made['seed']}",
        f"{len(pretrain.HEADERS) * len(pretrain.LAST_LINES)} layouts ({len(pretrain.HEADERS)} headers and "
        f"{len(pretrain.LAST_LINES)} last lines)",
        f"the {len(generator.NAMES)} of the generator",
    ):
        assert said in CARD, said


def test_the_citation_names_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (citation["version"], citation["license"]) == (pauselib.__version__, "MIT")
