// Names the sliders' handles for screen readers. Keeps the keys that are pressed in a group of widgets from JupyterLab,
// where an arrow goes to another cell and letters are commands.
window.pauseKeys ||= (["focusin", "keydown"].forEach(kind => document.body.addEventListener(kind, event => {
    const name = event.target.closest?.(".pauses .widget-slider")?.querySelector(".widget-label")?.textContent;
    if (kind === "focusin" && name) event.target.setAttribute("aria-label", name);
    const plain = kind === "keydown" && !(event.ctrlKey || event.metaKey || event.altKey || event.key === "Escape");
    if (plain && event.target.closest?.(".pauses")) event.stopPropagation();
})), true);
