"""pauselib: what pause tokens do to a language model. The notebooks are in `notebooks/`; this package is what they
call.

`import pauselib` is cheap. It has this process compute on one CPU thread, see `pauselib.machine`. Once transformers'
auto classes are imported, they know saved pause models:

    import pauselib
    from transformers import AutoModelForCausalLM
    AutoModelForCausalLM.from_pretrained("runs/tiny/seed-42/sft_peft/model")
"""

import importlib

import wrapt

from pauselib.machine import use_one_thread

__version__ = "0.2.0"

KNOWN_TO = {
    "transformers.models.auto.configuration_auto": "pauselib.model.configuration",
    "transformers.models.auto.modeling_auto": "pauselib.model.trained_parts",
}
"""What is imported after a module of transformers, so that its auto classes know what this package saves."""

for hooked, module in KNOWN_TO.items():
    wrapt.register_post_import_hook(lambda _, module=module: importlib.import_module(module), hooked)

use_one_thread()
