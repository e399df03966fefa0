"""What the steps make, artifact by artifact: in which order, where, and from which settings."""

from pauselib.artifacts import artifacts_of, clean_artifact
from pauselib.settings import Settings, settings_of_step


def made(notebook: str, **given) -> list[tuple[str, str]]:
    """What the step of a notebook makes and where, below the experiment's folder."""
    settings = Settings(**given).of_row()
    top = settings.folder()
    return [(one.what, one.folder.relative_to(top).as_posix()) for one in artifacts_of(settings, notebook)]


def test_a_variant_that_pauses_needs_injected_rows_and_the_first_step():
    assert made("evaluate", variant="sft_peft", max_pauses=0) == [
        ("clean rows", "data"),
        ("injected rows", "seed-42/injected/random"),
        ("first step", "seed-42/baseline_1_epoch/model"),
        ("model", "seed-42/sft_peft/model"),
        ("replies", "seed-42/sft_peft/interventions/max_pauses-0"),
    ]
    assert made("inject", variant="sft@word")[-1] == ("injected rows", "seed-42/injected/word")
    assert [what for what, _ in made("warmup", variant="baseline_1_epoch")] == ["clean rows", "model"]


def test_another_seed_trains_on_clean_rows_of_its_own_and_is_tested_on_those_of_all():
    assert made("trial", variant="baseline_matched", seed=43) == [
        ("clean rows", "seed-43/data"),
        ("first step", "seed-43/baseline_1_epoch/model"),
        ("model", "seed-43/baseline_matched/model"),
        ("clean rows", "data"),
        ("trial", "seed-43/baseline_matched/trial"),
    ]
    drawn, *_, shared, _ = artifacts_of(Settings(seed=43, variant="baseline_matched"), "trial")
    assert (drawn.settings["data_seed"], shared.settings["data_seed"]) == (43, 42)
    assert shared == clean_artifact(Settings())


def test_a_strategy_that_asks_the_first_step_s_model_comes_after_it():
    assert [what for what, _ in made("inject", strategy="surprise")] == ["clean rows", "first step", "injected rows"]
    assert [what for what, _ in made("warmup", strategy="surprise")].count("first step") == 1


def settings_named(notebook: str, **given) -> dict[str, tuple[str, ...]]:
    """Which settings the manifests of all that a notebook makes name."""
    return {one.what: tuple(one.settings) for one in artifacts_of(Settings(**given).of_row(), notebook)}


def test_a_manifest_names_the_settings_of_its_step_in_their_order():
    assert settings_named("evaluate", max_pauses=0) | settings_named("trial") == {
        "clean rows": settings_of_step("data"),
        "injected rows": settings_of_step("inject"),
        "first step": settings_of_step("first_step"),
        "model": settings_of_step("second_step"),
        "replies": settings_of_step("evaluate") + settings_of_step("intervene"),
        "trial": settings_of_step("trial"),
    }
    assert settings_named("evaluate")["replies"] == settings_of_step("evaluate")


def test_only_the_matched_baseline_depends_on_the_copies_without_being_injected():
    rows = ("sft", "baseline_2_epoch", "baseline_matched")
    copies = ["n_copies" in settings_named("warmup", variant=name)["model"] for name in rows]
    assert copies == [False, False, True]
