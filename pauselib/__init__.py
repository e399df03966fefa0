"""pauselib: what pause tokens do to a language model. The notebooks are in `notebooks/`; this package is what they
call.

`import pauselib` is cheap. Once transformers' auto classes are imported, they know saved pause models:

    import pauselib
    from transformers import AutoModelForCausalLM
    AutoModelForCausalLM.from_pretrained("runs/tiny/seed-42/sft_peft/model")
"""

import importlib

import wrapt

__version__ = "0.1.0"

wrapt.register_post_import_hook(
    lambda _: importlib.import_module("pauselib.model.pause_model"), "transformers.models.auto.modeling_auto"
)
