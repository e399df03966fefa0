"""The configurations of what this package saves. Once this is imported, transformers' `AutoConfig` knows them."""

from transformers import AutoConfig, PreTrainedConfig
from transformers.configuration_utils import SubConfigSpec


class PauseConfig(PreTrainedConfig):
    """The configuration of the wrapped language model, under `text_config`."""

    model_type = "pause"
    sub_configs_defaults = {"text_config": SubConfigSpec(config_class=AutoConfig, model_type="mistral")}

    text_config: dict | PreTrainedConfig | None = None
    tie_word_embeddings: bool = False
    prompt_pauses: int = 0  # pauses that stand between every prompt and its answer, in training and in decoding

    @property
    def pause_token_id(self) -> int:
        """The id of the pause token: the number of rows of the LM embeddings."""
        return self.text_config.vocab_size

    @property
    def vocab_size(self) -> int:
        """All outcomes at a position: the language model's vocabulary and the pause."""
        return self.text_config.vocab_size + 1


class TrainedPartsConfig(PreTrainedConfig):
    """The configuration of a folder that holds what was trained, and names its base, the model that it was trained in.

    `whole` is the configuration of the model that is loaded. `base` is a name or a hub id as in the setting `model`, or
    a path from the folder; `base_digest` the digest of its configuration and weights (None for a hub id, which has its
    commit); `lora_scale` what the product of the factors of LoRA is multiplied with.
    """

    model_type = "trained_parts"
    sub_configs_defaults = {"whole": SubConfigSpec(config_class=AutoConfig, model_type="mistral")}

    whole: dict | PreTrainedConfig | None = None
    base: str = ""
    base_digest: str | None = None
    lora_scale: float | None = None

    def get_text_config(self, decoder=None, encoder=None) -> PreTrainedConfig:
        """Return the configuration of the language model, as any other configuration does."""
        return self.whole.get_text_config(decoder, encoder)


AutoConfig.register("pause", PauseConfig)
AutoConfig.register("trained_parts", TrainedPartsConfig)
