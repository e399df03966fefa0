"""Where the results of an experiment are, by its settings."""

from pathlib import Path

from pauselib.decoding.interventions import INTERVENTION_SETTINGS, active_interventions, intervention_name
from pauselib.located import ROOT


class Places:
    """The folders of settings, in the names of which other people's scripts trust."""

    def folder(self) -> Path:
        """Return runs/<experiment>."""
        root = ROOT if (ROOT / "notebooks").is_dir() else Path.cwd()
        return root / self.runs_dir / self.experiment

    def injected_folder(self) -> Path:
        """Return runs/<experiment>/seed-<n>/injected/<strategy>."""
        return self.folder() / f"seed-{self.seed}" / "injected" / self.row_strategy

    def variant_folder(self) -> Path:
        """Return runs/<experiment>/seed-<n>/<variant>."""
        return self.folder() / f"seed-{self.seed}" / self.variant

    def replies_folder(self) -> Path:
        """Return the variant's folder; for an intervention its own one below `interventions/`."""
        name = intervention_name(active_interventions(self.of(*INTERVENTION_SETTINGS)))
        return self.variant_folder() / "interventions" / name if name else self.variant_folder()
