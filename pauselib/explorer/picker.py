"""The picker of a variant: what is trained as checkboxes, its name, and what the cells below will do with it."""

from html import escape

from ipywidgets import HTML, Checkbox, Dropdown, VBox

from pauselib.explorer.kept import REFUSED, will_do
from pauselib.explorer.panel import STYLE, in_a_line
from pauselib.settings import Settings
from pauselib.variants import PARTS, VARIANTS, Variant, parse

BELOW = "The cells below take it: run them (Run > Run Selected Cell and All Below)."
NOTHING = "Tick at least one part: a variant that trains nothing is the model that it starts from."
BOX = {"width": "max-content", "margin": "2px 1.5em 2px 0"}  # the layout of a checkbox


class Picker(VBox):
    """Checkboxes of what is trained, and the variant's name; each follows the other. `settings` are those picked."""

    def __init__(self, settings: Settings, step: str):
        """`step` is the notebook's, one of `kept.DOES`."""
        self.settings, self.step, self.following = settings, step, False
        names = list(dict.fromkeys([*VARIANTS, settings.variant]))
        self.name = Dropdown(
            description="Variant", options=names, value=settings.variant, layout={"width": "max-content"}
        )
        self.boxes = {name: Checkbox(description=label(name), indent=False, layout=BOX) for name in PARTS}
        self.status = HTML()
        super().__init__([HTML(STYLE), in_a_line(*self.boxes.values()), self.name, self.status])
        self.add_class("pauses")
        self.choose_name()
        self.name.observe(lambda _: self.following or self.choose_name(), "value")
        for name, box in self.boxes.items():
            box.observe(lambda change, name=name: self.tick(name, change["new"]), "value")

    def choose_name(self) -> None:
        """Take the variant with the chosen name, and tick what it trains."""
        variant = parse(self.name.value)
        self.following = True
        for name, box in self.boxes.items():
            box.value = getattr(variant, name)
        self.following = False
        self.take(variant)

    def tick(self, part: str, is_ticked: bool) -> None:
        """Take the variant that trains what is ticked; a part that needs another one brings it, and goes with it."""
        if self.following:
            return
        self.following = True
        for name, declared in PARTS.items():
            if name == part and is_ticked and declared["needs"]:
                self.boxes[declared["needs"]].value = True
            if declared["needs"] == part and not is_ticked:
                self.boxes[name].value = False
        ticked = {name: box.value for name, box in self.boxes.items()}
        variant = Variant(**ticked, strategy=self.strategy(ticked))
        if any(ticked.values()):
            if variant.name not in self.name.options:
                self.name.options = [*self.name.options, variant.name]
            self.name.value = variant.name
            self.take(variant)
        else:
            self.status.value = f'<p role="alert">{NOTHING}</p>'
        self.following = False

    def strategy(self, ticked: dict[str, bool]) -> str | None:
        """The injection strategy of the row's own, which stays as long as the variant pauses."""
        pauses = ticked["pause_embedding"] or ticked["pause_head"]
        return parse(self.settings.variant).strategy if pauses else None

    def take(self, variant: Variant) -> None:
        """Take a variant, and tell what will be done with it."""
        self.settings = self.settings.but(variant=variant.name)
        told = picked_html(self.settings, self.step)
        self.status.value = f"<p>{told} {'' if REFUSED in told else BELOW}</p>"


def label(part: str) -> str:
    """What a part of the model is called beside its checkbox."""
    words = part.replace("_", " ").replace("lm ", "LM ")
    return {"lora": "LoRA on the attention"}.get(part, words)


def picked_html(settings: Settings, step: str) -> str:
    """A variant and what a notebook's step will do with it, as HTML."""
    return f"<b>{escape(settings.variant)}</b>: {escape(will_do(settings, step))}."
