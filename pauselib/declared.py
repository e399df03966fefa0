"""How a setting is declared: one field that says its type, default, meaning and limits, and which step's results depend
on it.
"""

import re
import shlex
from dataclasses import dataclass
from typing import Annotated, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from pauselib.errors import InputError, did_you_mean, not_one_of

STEPS = ("data", "inject", "first_step", "second_step", "evaluate", "intervene", "trial")
"""The steps whose results depend on settings, in the order in which they follow one another."""

NOTEBOOK_OF = {
    "data": "inject",
    "inject": "inject",
    "first_step": "warmup",
    "second_step": "warmup",
    "evaluate": "evaluate",
    "intervene": "evaluate",
    "trial": "trial",
}
"""The notebook in which the settings of a step stand."""

EVERY_NOTEBOOK = ("inject", "warmup", "evaluate", "trial", "analyze", "explore", "compare", "start", "audit")

LARGEST = 2**63 - 1  # the largest whole number that arrays and files hold
MOST = 10_000_000  # more problems than anyone has
MOST_TOY = 1_000_000  # more problems than anyone generates: these take minutes and a gigabyte
MANY = 10_000  # more pauses in a reply, or copies of a problem, than anyone wants
NAME = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$"  # of an experiment: one folder, and nothing that a shell or a pattern reads
OPTIONAL_NAME = NAME.replace("^", "^(?:").replace("$", ")?$")  # the same, or nothing
PATH = r"^[^\x00-\x1f{}]+$"  # of a folder; Snakemake reads braces in it as wildcards
TEXT = "a text: in quotes, or with `papermill -r` instead of `-p`, which makes numbers of digits"
PATTERNS = {
    NAME: "a name of letters, digits, '-', '_' and '.', which begins with a letter, a digit or '_'",
    OPTIONAL_NAME: "nothing, or a name of letters, digits, '-', '_' and '.'",
    PATH: "the path of a folder, without braces",
}


@dataclass(frozen=True)
class Use:
    """Where a setting is used: the `steps` whose results depend on it, and the `notebooks` whose parameters name it."""

    steps: tuple[str, ...]
    notebooks: tuple[str, ...]


def as_text(value):
    """Return a whole number as text, as it was typed; of any other number the text can't be had back."""
    if isinstance(value, str) and re.search("[\ud800-\udfff]", value):
        raise PydanticCustomError("string_unicode", "half of a character")
    return str(value) if type(value) is int else value


def as_list(value):
    """Return a single value as a list of it: `-p seeds 43` means one seed."""
    return (value,) if isinstance(value, str | int | float) else value


Text = Annotated[str, BeforeValidator(as_text)]


def many(item) -> type:
    """Return the type of a list of items, each of a type, or of one of them alone."""
    return Annotated[tuple[item, ...], BeforeValidator(as_list)]


Names = many(Text)


def setting(default, meaning: str, *steps: str, notebooks: tuple[str, ...] = (), **limits):
    """Declare a setting: its default, what it means, the steps whose results depend on it, and its limits (`ge`, `gt`,
    ...).

    It stands in the notebooks of its steps, or where `notebooks` says.
    """
    use = Use(steps, notebooks or tuple(dict.fromkeys(NOTEBOOK_OF[step] for step in steps)))
    return Field(default, description=meaning, json_schema_extra={"use": use}, **limits)


class Declared(BaseModel):
    """A set of settings. Raises InputError, in one sentence, for an unknown name, a wrong type or a value out of its
    limits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=False)

    def __init__(self, **given):
        for name, value in given.items():
            if name not in type(self).model_fields:
                raise InputError(unknown(name, type(self)))
            of_many = get_origin(type(self).model_fields[name].annotation)
            if of_many in (tuple, dict) and isinstance(value, str):
                meant = f"[{value}]" if of_many is tuple and "," in value and value[0] not in "[{" else value
                if meant.startswith(("[", "{")):
                    cure = shlex.quote(f"{name}: {meant}")
                    raise InputError(f"{name} is the text {shown(value)}: give it with `papermill -y {cure}`.")
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise InputError(sentence(error.errors()[0], type(self))) from None

    @field_validator("*", mode="before")
    @classmethod
    def _number_can_be_meant(cls, value, info: ValidationInfo):
        """Refuse a boolean in place of a number, which Python takes for 0 or 1, and numbers that no array holds."""
        name, kind = info.field_name, cls.model_fields[info.field_name].annotation
        for item in items_of(value) if kind is not str else ():
            if isinstance(item, bool) and kind is not bool:
                raise InputError(f"{name} is {shown(value)}: give a value other than true or false.")
            if isinstance(item, int) and abs(item) > LARGEST:
                raise InputError(f"{name} is {shown(value)}: give a number of at most {LARGEST}.")
        return value


def items_of(value) -> list:
    """Return the items of a list, the values of a mapping, or a single value, as a list."""
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else [value]


def shown(value) -> str:
    """Return a value as it stands in a sentence, in short where it is long."""
    try:
        text = repr(value)
    except ValueError:  # Python writes out no integer of more than 4,300 digits
        return "a number of thousands of digits"
    return text if len(text) <= 100 else f"{text[:97]}..."


def number_of(number: int, noun: str) -> str:
    """Return a number with its noun: `1 variant`, `21 variants`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def sentence(error: dict, declared: type[BaseModel]) -> str:
    """Return what is wrong with one setting, and the cure, from an error of pydantic."""
    limits = error.get("ctx", {})
    if "error" in limits:  # one of our own sentences, raised by a check of several settings
        return str(limits["error"])
    name, value = error["loc"][0], error["input"]
    if error["type"] == "literal_error":
        return not_one_of(name, value, get_args(declared.model_fields[name].annotation))
    expected = {
        "greater_than_equal": "a number of at least {ge}",
        "greater_than": "a number above {gt}",
        "less_than_equal": "a number of at most {le}",
        "less_than": "a number below {lt}",
        "int_type": "a whole number",
        "int_parsing": "a whole number",
        "int_parsing_size": "a whole number",
        "int_from_float": "a whole number",
        "float_type": "a number",
        "float_parsing": "a number",
        "finite_number": "a finite number",
        "bool_type": "true or false",
        "bool_parsing": "true or false",
        "string_type": TEXT,
        "string_pattern_mismatch": PATTERNS.get(limits.get("pattern")),
        "string_unicode": "a text in Unicode",
        "string_too_short": "a text that is not empty",
        "string_too_long": "a text of at most {max_length} characters",
        "too_short": "at least {min_length} item",
        "tuple_type": "a list",
        "dict_type": "a mapping, such as {{}}",
    }.get(error["type"], error["msg"])
    return f"{name} is {shown(value)}: give {expected.format(**limits)}."


def unknown(name: str, declared: type[BaseModel]) -> str:
    """Return the sentence about a name that is no setting."""
    return (
        f"There is no parameter {name!r}{did_you_mean(name, declared.model_fields)} "
        "`papermill --help-notebook NOTEBOOK` lists them."
    )
