"""How a setting is declared: one field with its type, default, meaning, limits, and the steps that depend on it."""

from typing import Annotated, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from pauselib.errors import InputError, did_you_mean, not_one_of

NOTEBOOK_OF = {
    "data": "inject",
    "inject": "inject",
    "first_step": "warmup",
    "second_step": "warmup",
    "evaluate": "evaluate",
    "intervene": "evaluate",
    "trial": "trial",
}
"""The steps whose results depend on settings, in their order, and the notebook that has the settings of each."""

STEPS = tuple(NOTEBOOK_OF)
EVERY_NOTEBOOK = ("inject", "warmup", "evaluate", "trial", "analyze", "explore", "compare", "start", "audit")

MOST = 10_000_000  # more problems than anyone has
MANY = 10_000  # more pauses in a reply, or copies of a problem, than anyone wants
NAME = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$"  # of an experiment: one folder, and nothing that a shell or a pattern reads
PATH = r"^[^\x00-\x1f{}]+$"  # of a folder; Snakemake reads braces in it as wildcards
TEXT = "a text: in quotes, or with `papermill -r` instead of `-p`, which makes numbers of digits"


def as_list(value):
    """Return a list, of one item or of those in a text: papermill's `-p seeds 43` and `-p seeds [43,44]`."""
    if isinstance(value, str):
        return tuple(item.strip(" '\"") for item in value.strip("[] ").split(",")) if value.strip() != "[]" else ()
    return (value,) if isinstance(value, int | float) else value


def many(item) -> type:
    """Return the type of a list of items, each of a type, or of one of them alone."""
    return Annotated[tuple[item, ...], BeforeValidator(as_list)]


Names = many(str)


def setting(default, meaning: str, *steps: str, notebooks: tuple[str, ...] = (), **limits):
    """Declare a setting of some steps, with limits as pydantic has them. It stands in their notebooks, or in others."""
    notebooks = notebooks or tuple(dict.fromkeys(NOTEBOOK_OF[step] for step in steps))
    return Field(default, description=meaning, json_schema_extra={"steps": steps, "notebooks": notebooks}, **limits)


class Declared(BaseModel):
    """A set of settings. An unknown name, a wrong type or a value out of its limits is an InputError."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __init__(self, **given):
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise InputError(sentence(error.errors()[0], type(self))) from None

    @field_validator("*", mode="before")
    @classmethod
    def _is_no_boolean_in_place_of_a_number(cls, value, info: ValidationInfo):
        """Refuse a boolean that Python would take for 0 or 1."""
        kind = cls.model_fields[info.field_name].annotation
        kinds, items = (kind, *get_args(kind)), value if isinstance(value, list | tuple) else [value]
        if get_origin(kind) is dict:
            kinds, items = get_args(kind)[1:], value.values() if isinstance(value, dict) else [value]
        if not {bool, str}.intersection(kinds) and any(isinstance(item, bool) for item in items):
            raise InputError(f"{info.field_name} is {shown(value)}: give a value other than true or false.")
        return value


def shown(value) -> str:
    """Return a value as it stands in a sentence, in short where it is long."""
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def number_of(number: int, noun: str) -> str:
    """Return a number with its noun: `1 variant`, `21 variants`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def sentence(error: dict, declared: type[BaseModel]) -> str:
    """Return what is wrong with one setting, and the cure, from an error of pydantic."""
    limits, name, value = error.get("ctx", {}), (*error["loc"], "")[0], error["input"]
    if "error" in limits:  # a sentence already, raised by a check
        return str(limits["error"])
    if error["type"] == "extra_forbidden":
        nearest = did_you_mean(name, declared.model_fields)
        return f"There is no parameter {name!r}{nearest} `papermill --help-notebook NOTEBOOK` lists them."
    if error["type"] == "literal_error":
        return not_one_of(name, value, get_args(declared.model_fields[name].annotation))
    if error["loc"][1:] == ("bool",):  # or one of some words
        words = get_args(get_args(declared.model_fields[name].annotation)[1])
        return not_one_of(name, value, ("True", "False", *words))
    message = f"{error['msg'][0].lower()}{error['msg'][1:]}".replace("tuple", "list")
    expected = f"give {TEXT}" if error["type"] == "string_type" else message
    return f"{name} is {shown(value)}: {expected}."
