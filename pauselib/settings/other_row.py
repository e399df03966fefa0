"""The settings that say which other row a row is compared with."""

from pydantic import field_validator

from pauselib.declared import OPTIONAL_NAME, Declared, Text, setting
from pauselib.variants import parse

COMPARING = ("compare",)


class OtherRow(Declared):
    """The row that another one is compared with. Each setting that is not given is that of the row itself; where none
    is given, the other row is its matched baseline.
    """

    other_experiment: Text = setting(
        "",
        "experiment of the other row; empty: the same (all three empty: the matched baseline)",
        notebooks=COMPARING,
        pattern=OPTIONAL_NAME,
    )
    other_variant: Text = setting("", "variant of the other row; empty: the same", notebooks=COMPARING)
    other_seed: int = setting(-1, "seed of the other row; -1: the same", notebooks=COMPARING, ge=-1, lt=2**32)

    @field_validator("other_variant")
    @classmethod
    def _name_as_published(cls, name: str) -> str:
        return parse(name).name if name else name


OTHER_ROW = tuple(OtherRow.model_fields)
