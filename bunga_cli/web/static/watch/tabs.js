// Tabs of which one is open, with the keys that tabs have.

const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

// `opened(id)` is told of the panel that is seen.
export function bindTabs(list, opened) {
  const shown = () => [...list.querySelectorAll("[role=tab]")].filter((tab) => !tab.hidden);

  function open(tab) {
    for (const each of list.querySelectorAll("[role=tab]")) {
      const isOpen = each === tab;
      each.setAttribute("aria-selected", String(isOpen));
      each.tabIndex = isOpen ? 0 : -1;
      document.getElementById(each.getAttribute("aria-controls")).hidden = !isOpen;
    }
    opened(tab.getAttribute("aria-controls"));
  }

  list.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (tab) open(tab);
  });
  list.addEventListener("keydown", (event) => {
    const tabs = shown();
    const at = tabs.indexOf(document.activeElement);
    const to = event.key === "Home" ? 0 : event.key === "End" ? tabs.length - 1 : at + (STEPS[event.key] ?? NaN);
    if (at < 0 || Number.isNaN(to)) return;
    event.preventDefault();
    const next = tabs[(to + tabs.length) % tabs.length];
    open(next);
    next.focus();
  });

  return { open, current: () => shown().find((tab) => tab.getAttribute("aria-selected") === "true") };
}
