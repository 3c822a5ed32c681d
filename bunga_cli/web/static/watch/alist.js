// The files that the channel sees in AList: folders to walk through, and its search.

import { $, write } from "./dom.js";
import { latest, rowOf } from "./shelves.js";
import { hashOf } from "./sources.js";
import { sizeText, words } from "./words.js";

const VIDEO = /\.(mp4|m4v|mkv|webm|mov|avi|flv|ts|m2ts|wmv|mpe?g|ogv|rmvb|m3u8)$/i;

// `putOn(record)` shares what was chosen.
export function bindAList(account, putOn) {
  const answer = latest();
  let isBegun = false;

  const thumbOf = (path) => `${account.base}/alist-thumbnail?path=${encodeURIComponent(path)}`;

  async function ask(what, query, shown) {
    isBegun = true;
    write($("alist-state"), words("searching"));
    $("alist-list").setAttribute("aria-busy", "true");
    const { value, problem, isLate } = await answer(account.get(`${account.base}/alist/${what}`, query));
    if (isLate) return;
    $("alist-list").setAttribute("aria-busy", "false");
    write($("alist-state"), problem ? words("shelfFailed", { reason: problem.message }) : "");
    if (value) shown(value);
  }

  function open(path, focus = false) {
    return ask("browse", { path }, ({ entries, is_whole: isWhole }) => {
      showCrumbs(path);
      show(entries.map((entry) => ({ ...entry, parent: path })), words(isWhole ? "emptyFolder" : "notWhole"), !isWhole);
      if (focus) $("alist-crumbs").lastElementChild.focus();
    });
  }

  function find(text) {
    return ask("search", { words: text }, ({ hits }) => {
      showCrumbs("/");
      show(hits.map((hit) => ({ ...hit, isHit: true })), words("found_nothing"));
    });
  }

  function show(entries, otherwise, isAlways = false) {
    const shown = entries.filter(({ name, is_dir: isFolder }) => isFolder || VIDEO.test(name));
    shown.sort((a, b) => b.is_dir - a.is_dir || a.name.localeCompare(b.name, undefined, { numeric: true }));
    const list = document.createElement("ul");
    list.className = "watch-rows";
    list.append(...shown.map(entryRow));
    $("alist-list").replaceChildren(list);
    if (isAlways || !shown.length) write($("alist-state"), otherwise);
  }

  function entryRow(entry) {
    const path = `${entry.parent.replace(/\/$/, "")}/${entry.name}`;
    const where = entry.isHit ? words("inFolder", { name: entry.parent }) : "";
    if (entry.is_dir) {
      const row = rowOf({ title: entry.name, note: where }, () => open(path, true));
      row.firstElementChild.dataset.kind = "folder";
      return row;
    }
    const note = [entry.size > 0 && sizeText(entry.size), where].filter(Boolean).join(" · ");
    return rowOf({ title: entry.name, note, thumb: thumbOf(path) }, async () => putOn(await recordOf(path, thumbOf(path))));
  }

  function showCrumbs(path) {
    const parts = path.split("/").filter(Boolean);
    const crumbs = [[words("top"), "/"], ...parts.map((part, i) => [part, `/${parts.slice(0, i + 1).join("/")}`])];
    $("alist-crumbs").replaceChildren(...crumbs.map(([name, to]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = name;
      if (to === path) button.setAttribute("aria-current", "page");
      button.addEventListener("click", () => open(to, true));
      return button;
    }));
  }

  $("alist-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = new FormData($("alist-form")).get("words").trim();
    if (text) find(text);
    else open("/");
  });

  return { begin: () => isBegun || open("/") };
}

export async function recordOf(path, thumb) {
  const name = path.split("/").at(-1);
  return {
    record_id: `alist-${await hashOf(path)}`,
    title: name.replace(/(?<=.)\.[^.]*$/, ""),
    thumb_url: new URL(thumb, location.href).href,
    source: "alist",
    path,
  };
}
