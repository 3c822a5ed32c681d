// What the page asks: a name and a colour, and a line to say.

import { $, colour, initial, write } from "./dom.js";

// `send(code, fields)` asks the room; `named()` is told when there is a name, and when it is another one.
export function bindForms({ identity, send, named }) {
  const dialog = $("me");

  function showMe() {
    colour($("me-avatar"), $("hue").value);
    write($("me-initial"), initial($("name").value || "?"));
  }

  function ask() {
    $("name").value = identity.name;
    $("hue").value = identity.hue;
    showMe();
    $("me-close").hidden = !identity.isNamed;
    dialog.showModal();
    $("name").focus();
  }

  for (const id of ["name", "hue"]) $(id).addEventListener("input", showMe);
  dialog.addEventListener("cancel", (event) => identity.isNamed || event.preventDefault());
  $("change-me").addEventListener("click", ask);
  $("me-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = $("name").value.trim();
    if (!name) return $("name").reportValidity();
    identity.call(name, Number($("hue").value));
    dialog.close();
    named();
  });

  $("say-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const message = $("say").value.trim();
    if (!message) $("say").blur();
    else if (send("danmaku", { message })) $("say").value = "";
  });
  // Then the keys are the film's again.
  $("say").addEventListener("keydown", (event) => event.key === "Escape" && $("say").blur());

  return { askName: ask };
}
