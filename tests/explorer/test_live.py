"""Training watched in JupyterLab: the picture of the losses grows in place."""

pytest_plugins = ["browser"]

SMALL = {"n_train": 12, "n_test": 4, "eval_steps": 2, "base_eval_steps": 2, "batch_size": 2}
LISTEN = """() => {
    window.pictures = [];
    window.jupyterapp.shell.currentWidget.sessionContext.iopubMessage.connect((_, {header, content}) => {
        const picture = content.data?.["image/png"];
        if (picture) window.pictures.push([header.msg_type, picture.length, picture]);
    });
}"""


def test_the_losses_are_drawn_while_they_come_and_one_picture_stays(notebook, lab, tmp_path):
    lab.parameterize("warmup.ipynb", variant="sft_peft", experiment="live", runs_dir=str(tmp_path), **SMALL)
    opened = notebook("warmup.ipynb")
    opened.page.evaluate(LISTEN)
    opened.run_all(300)
    assert opened.errors() == []
    drawn = opened.page.evaluate("window.pictures")
    assert [kind for kind, *_ in drawn] == ["display_data", *["update_display_data"] * (len(drawn) - 1)]
    assert len({picture for *_, picture in drawn}) == len(drawn) >= 2  # each has more steps than the one before
    (training,) = [cell for cell in opened.cells() if "steps.warm_up" in cell["source"]]
    (picture,) = [output for output in training["outputs"] if "image/png" in output.get("data", {})]
    assert picture["data"]["image/png"].strip() == drawn[-1][2].strip()
    assert picture["metadata"]["image/png"]["alt"].startswith("The losses of one training by step")
    assert (opened.watch.errors, opened.watch.outside) == ([], [])
