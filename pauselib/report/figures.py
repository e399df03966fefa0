"""Every picture, each with the first line of its docstring as its alternative text."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from pauselib.analysis.places import NUMBER_PLACES
from pauselib.report.style import CORRECT, INCORRECT, LINE, PARTS, described, look, panels, whiskers


def forest(axis, names: list[str], table: pd.DataFrame, estimate: str) -> None:
    """Points with intervals (`estimate`, `low`, `high`), one line a row of `table`, the first at the top; `names` are the rows' variants."""
    for y, (name, row) in enumerate(zip(names, table.itertuples())):
        value = getattr(row, estimate)
        axis.errorbar(
            [value],
            [-y],
            xerr=whiskers([value], [row.low], [row.high]),
            linestyle="none",
            markersize=5,
            elinewidth=1,
            **look(name),
        )
    axis.set_ylim(-len(table) + 0.4, 0.6)
    axis.grid(axis="x", alpha=0.3)


@described
def accuracies(found: pd.DataFrame, against: pd.DataFrame, reference: str):
    """Accuracy of each variant with its 95 % interval, and its difference to that of the reference, paired by problem.

    `found` is `comparison.over_seeds`, `against` `comparison.differences`.
    """
    names = found["variant"].tolist()
    if not names:
        return panels(0)[0]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 0.8 + 0.24 * len(names)), sharey=True)
    forest(left, names, found, "accuracy")
    left.set_yticks([-y for y in range(len(names))], names)
    left.set(xlabel="accuracy on the test problems, 95 % interval", xlim=(-0.02, min(1, found["high"].max() + 0.05)))
    both = (
        found[["variant"]]
        .merge(against, on="variant", how="left")
        .assign(difference=lambda rows: 100 * rows["difference"])
    )
    forest(right, names, both.assign(low=100 * both["low"], high=100 * both["high"]), "difference")
    right.axvline(0, color=LINE, linewidth=0.8)
    right.set(xlabel=f"points more accurate than\n{reference}, paired 95 % interval")
    near = both["difference"].abs() < 40  # models that never answer would squeeze all the others into one place
    if near.any():
        low, high = 100 * both.loc[near, "low"].min(), 100 * both.loc[near, "high"].max()
        right.set_xlim(min(low, 0) - 1, max(high, 0) + 1)
        for y in np.flatnonzero((both["difference"].abs() >= 40).to_numpy()):
            right.annotate(
                f"◂ {both['difference'].iloc[y]:+.0f} points",
                (0.01, -y),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=8,
            )
    handles = [
        plt.Line2D([], [], linestyle="none", marker="o", color=colour, label=words) for colour, words in PARTS.values()
    ]
    handles += [
        plt.Line2D([], [], linestyle="none", marker=m, color=LINE, markerfacecolor="white", label=t)
        for m, t in (("s", "LM head trained too"), ("D", "and the LM embeddings"))
    ]
    handles += [
        plt.Line2D([], [], linestyle="none", marker="o", color=LINE, markerfacecolor=f, label=t)
        for f, t in ((LINE, "with LoRA"), ("white", "without"))
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    return figure


@described
def reasons(table: pd.DataFrame):
    """How many times as many pauses incorrect replies have as correct ones, with 95 % intervals, as covariates are held equal; then the covariates.

    `table` is `pausing.reasons`.
    """
    if table.empty:
        return panels(0)[0]
    incorrect = table[table["term"] == "incorrect"]
    others = table[(table["model"] == table["model"].iloc[-1]) & (table["term"] != "incorrect")]
    figure, axis = plt.subplots(figsize=(7, 0.9 + 0.32 * (len(incorrect) + len(others))))
    rows = pd.concat([incorrect, others], ignore_index=True)
    for y, row in rows.iterrows():
        colour, marker = (INCORRECT, "o") if row["term"] == "incorrect" else (LINE, "s")
        axis.errorbar(
            [row["rate_ratio"]],
            [-y],
            xerr=[[row["rate_ratio"] - row["low"]], [row["high"] - row["rate_ratio"]]],
            color=colour,
            marker=marker,
            elinewidth=1.2,
        )
    labels = [
        f"incorrect : correct, {'nothing held equal' if m == 'incorrect alone' else m}" for m in incorrect["model"]
    ]
    axis.set_yticks(
        [-y for y in range(len(rows))], [*labels, *(f"{term}, a standard deviation more" for term in others["term"])]
    )
    axis.axvline(1, color=LINE, linewidth=0.8)
    axis.set(xlabel="times as many pauses, 95 % interval", xscale="log")
    low, high = rows["low"].min(), rows["high"].max()
    ticks = [
        t
        for t in (0.1, 0.2, 0.5, 0.7, 0.8, 0.9, 0.95, 1, 1.05, 1.1, 1.2, 1.5, 2, 3, 5, 10)
        if low / 1.1 < t < high * 1.1
    ]
    axis.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axis.minorticks_off()
    axis.grid(axis="x", alpha=0.3)
    return figure


@described
def certainty(table: pd.DataFrame, agree: pd.DataFrame):
    """The share of positions that are pauses by the probability of the LM's best word there, one line a variant.

    `table` is `pausing.by_certainty`, `agree` `pausing.rule`.
    """
    figure, axis = plt.subplots(figsize=(6.4, 3.4))
    for name, part in table[table["n"] >= 20].groupby("variant", sort=False):
        axis.plot((part["low"] + part["high"]) / 2, part["share"], markersize=4, linewidth=0.8, **look(name))
    axis.set(
        xlabel="probability of the LM's best word at a position",
        ylabel="share that are pauses",
        xlim=(0, 1),
        ylim=(-0.02, 1.02),
    )
    handles = [
        plt.Line2D([], [], marker="o", color=colour, label=words) for (colour, words) in list(PARTS.values())[:3]
    ]
    axis.legend(handles=handles, frameon=False)
    axis.set_title(
        f"in agreement with the greedy rule: {agree['agree'].min():.2%} of the positions of every variant, at least"
        if len(agree)
        else "nothing is finished yet",
        fontsize=9,
    )
    axis.grid(alpha=0.3)
    return figure


@described
def interventions(effects: pd.DataFrame):
    """Accuracy against the number of pauses allowed in a reply, at the right end no limit, and what other interventions do to it.

    `effects` is `comparison.effects`.
    """
    if effects.empty:
        return panels(0)[0]
    capped = effects[effects["allowed"].notna()]
    others = effects[effects["allowed"].isna()].reset_index(drop=True)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, max(3.2, 1.2 + 0.3 * len(others))))
    limits = sorted(capped["allowed"].unique())
    place = {limit: i for i, limit in enumerate(limits)}
    for name, part in capped.groupby("variant", sort=False):
        part = part.sort_values("allowed")
        x = part["allowed"].map(place)
        left.errorbar(
            x,
            part["accuracy"],
            whiskers(part["accuracy"], part["accuracy_low"], part["accuracy_high"]),
            label=name,
            markersize=5,
            linewidth=1,
            **look(name),
        )
    left.set_xticks(range(len(limits)), ["no limit" if np.isinf(limit) else f"{limit:.0f}" for limit in limits])
    left.set(
        xlabel="pauses allowed in a reply, at most",
        ylabel="accuracy, 95 % interval",
        ylim=(-0.02, min(1.02, capped["accuracy_high"].max() + 0.1)),
    )
    left.grid(alpha=0.3)
    left.legend(frameon=False)
    forest(
        right,
        others["variant"].tolist(),
        others.assign(difference=100 * others["difference"], low=100 * others["low"], high=100 * others["high"]),
        "difference",
    )
    right.set_yticks(
        [-y for y in range(len(others))],
        [f"{row.intervention}\n{row.pauses_mean:.1f} pauses" for row in others.itertuples()],
        fontsize=7,
    )
    right.axvline(0, color=LINE, linewidth=0.8)
    right.set(xlabel="points more accurate than without the intervention,\npaired 95 % interval")
    return figure


@described
def places(found: dict[str, pd.DataFrame], variant: str):
    """Where in the reply the pauses of one variant are, at which numbers, and how many stand in a row.

    `found` is `pausing.places`.
    """
    relative, numbers, runs = (found[key][found[key]["variant"] == variant] for key in ("relative", "numbers", "runs"))
    if relative.empty and runs.empty:
        return panels(0)[0]
    figure, (first, second, third) = panels(3)
    first.bar(
        (relative["low"] + relative["high"]) / 2,
        relative["share"],
        width=0.09,
        color=look(variant)["color"],
        label="pauses",
    )
    first.plot(
        (relative["low"] + relative["high"]) / 2,
        relative["expected"],
        "_",
        color=LINE,
        markersize=14,
        label="if spread evenly",
    )
    first.set(title="place in the reply", xlabel="0 the start, 1 the end", ylabel="share of the pauses")
    first.legend(frameon=False)
    numbers = (
        numbers.set_index("number")
        .loc[[place for place in NUMBER_PLACES if place in set(numbers["number"])]]
        .reset_index()
    )
    x = np.arange(len(numbers))
    second.bar(x, numbers["share"], color=look(variant)["color"])
    second.plot(x, numbers["expected"], "_", color=LINE, markersize=24)
    second.set_xticks(x, [words.replace(" a ", "\na ") for words in numbers["number"]], fontsize=8)
    second.set(title="at numbers", ylabel="share of the pauses")
    third.bar(runs["length"], runs["n"], color=look(variant)["color"])
    third.set(title="pauses in a row", xlabel="pauses", ylabel="runs")
    figure.suptitle(variant, fontsize=9)
    return figure


def bins(n_pauses: pd.Series, most: int = 8) -> tuple[pd.Series, list[str]]:
    """The bin of each reply and the bins' labels: every count alone up to `most`, and beyond in doubling ranges as far as needed."""
    edges = list(range(most + 1))
    while edges[-1] <= n_pauses.max():
        edges.append(2 * edges[-1])
    labels = [str(a) if b == a + 1 else f"{a}–{b - 1}" for a, b in itertools.pairwise(edges)]
    return pd.cut(n_pauses, edges, right=False, labels=False), labels


def pause_panels(replies: pd.DataFrame):
    """A figure with one panel a variant, the pause counts' bins on its x-axis, and for each panel: axis, variant, its replies, their bins."""
    variants = list(dict.fromkeys(replies["variant"]))
    figure, axes = panels(len(variants))
    by_variant = []
    for axis, name in zip(axes, variants):
        part = replies[replies["variant"] == name]
        which, labels = bins(part["n_pauses"])
        axis.set_xticks(range(len(labels)), labels, rotation=60 if len(labels) > 9 else 0, fontsize=7)
        axis.set_xlabel("pauses in the reply")
        by_variant.append((axis, name, part, which.astype(pd.CategoricalDtype(range(len(labels))))))
    return figure, by_variant


@described
def accuracy_by_pauses(replies: pd.DataFrame):
    """Correct and incorrect replies of each variant by number of pauses, and the accuracy there with its 95 % Wilson interval."""
    from statsmodels.stats.proportion import proportion_confint

    figure, by_variant = pause_panels(replies)
    for axis, name, part, which in by_variant:
        by_bin = part.groupby(which, observed=False)["correct"]
        right, n = by_bin.sum().astype(int), by_bin.size()
        axis.bar(range(len(n)), right, color=CORRECT, width=0.85, label="correct replies")
        axis.bar(
            range(len(n)),
            n - right,
            bottom=right,
            color=INCORRECT,
            width=0.85,
            hatch="////",
            edgecolor="white",
            linewidth=0,
            label="incorrect replies",
        )
        axis.set_title(name, fontsize=8)
        axis.set_ylabel("replies")
        share, seen = axis.twinx(), n > 0
        low, high = proportion_confint(right[seen], n[seen], method="wilson")
        accuracy = right[seen] / n[seen]
        share.errorbar(
            accuracy.index,
            accuracy,
            whiskers(accuracy, low, high),
            color=LINE,
            marker="o",
            markersize=3,
            linewidth=1,
            elinewidth=0.7,
            label="accuracy, 95 % interval",
        )
        share.set(ylim=(0, 1.02), ylabel="accuracy")
        share.spines["right"].set_visible(True)
    if not by_variant:
        return figure
    handles = [*axis.get_legend_handles_labels()[0], *share.get_legend_handles_labels()[0]]
    figure.legend(
        handles,
        ["correct replies", "incorrect replies", "accuracy, 95 % interval"],
        loc="outside upper center",
        ncols=3,
        frameon=False,
    )
    return figure


@described
def pause_histograms(replies: pd.DataFrame):
    """The share of the correct and of the incorrect replies of each variant that has each number of pauses."""
    figure, by_variant = pause_panels(replies)
    for axis, name, part, which in by_variant:
        for offset, (correct, colour, label) in enumerate(
            ((True, CORRECT, "correct"), (False, INCORRECT, "incorrect"))
        ):
            group = which[part["correct"] == correct]
            share = group.value_counts(normalize=True, sort=False).fillna(0)
            axis.bar(
                np.arange(len(share)) + 0.4 * offset - 0.2,
                share,
                width=0.4,
                color=colour,
                hatch=None if correct else "////",
                edgecolor="white",
                linewidth=0,
                label=f"{label} replies",
            )
        axis.set_title(f"{name}\n({part['correct'].sum()} correct, {(~part['correct']).sum()} not)", fontsize=8)
        axis.set_ylabel("share of replies")
    if by_variant:
        figure.legend(*axis.get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
    return figure


@described
def loss_curve(history: pd.DataFrame | list[dict]):
    """The losses of one training by step, in training (line) and on the validation rows (dots), those of LM and pause head apart where there are both.

    `history` as in training.json.
    """
    parts = {"loss": "loss", "lm_loss": "LM loss", "pause_loss": "pause loss"}
    history = pd.DataFrame(history)
    history = history.reindex(columns=history.columns.union([f"eval_{key}" for key in parts], sort=False))
    parts = {key: label for key, label in parts.items() if key in history}
    figure, axes = panels(len(parts), width=3.2, height=2.4)
    for axis, (key, label) in zip(axes, parts.items()):
        trained, validated = history.dropna(subset=[key]), history.dropna(subset=[f"eval_{key}"])
        axis.plot(trained["step"], trained[key], color=CORRECT, linewidth=1.2, label="training")
        axis.plot(validated["step"], validated[f"eval_{key}"], "o--", color=INCORRECT, markersize=4, label="validation")
        axis.set(title=label, xlabel="step", ylabel="nats per token")
        axis.grid(alpha=0.3)
    axes[0].legend(frameon=False)
    return figure


@described
def injected(rows: pd.DataFrame, pause_id: int):
    """How many pauses the injected rows have, and where in the answer they are (0 the start, 1 the end)."""
    figure, (number, place) = panels(2, width=3.2, height=2.4)
    counts = rows["n_pauses"].value_counts().sort_index()
    number.bar(counts.index, counts, color=CORRECT)
    number.set(title="pauses in a row", xlabel="pauses", ylabel="rows")
    answers = [ids[mask == 1] for ids, mask in zip(rows["input_ids"], rows["completion_mask"])]
    where = np.concatenate([np.flatnonzero(ids == pause_id) / (len(ids) - 1) for ids in answers])
    place.hist(where, bins=20, range=(0, 1), color=CORRECT)
    place.set(title="where the pauses are", xlabel="place in the answer", ylabel="pauses")
    return figure
