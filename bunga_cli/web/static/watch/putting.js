// The dialog in which a video is put on: out of the gallery, out of AList, from the own disk, or by its address.

import { bindAList } from "./alist.js";
import { $ } from "./dom.js";
import { bindGallery } from "./gallery.js";
import { isAddress, recordOf } from "./sources.js";
import { bindTabs } from "./tabs.js";

// `share(record)` asks the room.
export function bindPutting({ account, share }) {
  const dialog = $("put-on");

  function putOn(record) {
    share(record);
    dialog.close();
  }

  bindGallery(account, putOn);
  const alist = bindAList(account, putOn);
  const tabs = bindTabs($("shelves"), (panel) => panel === "shelf-alist" && alist.begin());

  document.addEventListener("click", (event) => {
    if (!event.target.closest('[data-opens="put-on"]')) return;
    $("tab-alist").hidden = !account.has("alist");
    if (!tabs.current()) tabs.open($("tab-gallery"));
  });

  $("put-on-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const url = $("url").value.trim();
    const isGood = isAddress(url);
    $("url-error").hidden = isGood;
    $("url").toggleAttribute("aria-invalid", !isGood);
    if (!isGood) return $("url").focus();
    putOn(await recordOf(url));
    $("url").value = "";
  });

  return { putOn };
}
