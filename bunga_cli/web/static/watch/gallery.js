// The gallery: searching all media libraries that the server has, and choosing an episode.

import { $, copyOf, write } from "./dom.js";
import { latest, rowOf, showThumb } from "./shelves.js";
import { hashOf } from "./sources.js";
import { words } from "./words.js";

// `putOn(record)` shares what was chosen.
export function bindGallery(account, putOn) {
  const answer = latest();
  let finds = null;

  async function search(keyword) {
    write($("gallery-state"), words("searching"));
    const { value, problem, isLate } = await answer(account.get("/api/gallery/search/", { keyword }));
    if (isLate) return;
    finds = value ? groupsOf(value) : [];
    write($("gallery-state"), problem ? words("shelfFailed", { reason: problem.message }) : finds.length ? "" : words("found_nothing"));
    $("gallery-list").replaceChildren(...finds);
  }

  function groupsOf(found) {
    return Object.entries(found).filter(([, { results, error }]) => results.length || error).map(([name, library]) => {
      const group = copyOf("shelf-group");
      group.name.textContent = name;
      group.problem.textContent = library.error ? words("linkerFailed", { name, reason: library.error }) : "";
      group.rows.append(...library.results.map((media) => rowOf(summaryOf(media), (row) => show(library.info.id, media, row))));
      return group.root;
    });
  }

  async function show(linker, { key }, row) {
    write($("gallery-state"), words("fetching"));
    const { value, problem, isLate } = await answer(account.get(`/api/gallery/${encodeURIComponent(key)}/`, { linker }));
    if (isLate) return;
    write($("gallery-state"), problem ? words("shelfFailed", { reason: problem.message }) : "");
    if (value) showMedia(linker, key, value, row);
  }

  function showMedia(linker, key, media, row) {
    const part = copyOf("shelf-media");
    part.title.textContent = media.title;
    part.note.textContent = noteOf(media);
    part.summary.textContent = media.summary ?? "";
    showThumb(part.thumb, media.thumb_url);
    part.back.addEventListener("click", () => {
      $("gallery-list").replaceChildren(...finds);
      row.focus();
    });
    const isOne = media.episodes.length === 1;
    part.rows.append(...media.episodes.map((episode) => rowOf(
      { title: isOne ? words("putItOn") : episode.title || media.title, thumb: episode.thumb_url },
      async () => putOn(await recordOf(linker, key, media, episode)),
    )));
    $("gallery-list").replaceChildren(part.root);
    part.title.focus();
  }

  $("gallery-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const keyword = new FormData($("gallery-form")).get("keyword").trim();
    if (keyword) search(keyword);
  });
}

const summaryOf = (media) => ({ title: media.title, note: noteOf(media), thumb: media.thumb_url });

function noteOf({ year, country, genres = [], episodes = [] }) {
  const parts = episodes.length > 1 ? [words("episodes", { n: episodes.length })] : [];
  return [year, country, ...genres, ...parts].filter(Boolean).join(" · ");
}

// The record of an episode, as everybody makes it who chooses this one.
export async function recordOf(linker, key, media, episode) {
  const path = [linker, key, episode.id].map(encodeURIComponent).join("/");
  const isOne = media.episodes.length < 2 || !episode.title || episode.title === media.title;
  return {
    record_id: `gallery-${await hashOf(path)}`,
    title: isOne ? media.title : `${media.title} · ${episode.title}`,
    thumb_url: episode.thumb_url ?? media.thumb_url ?? null,
    source: "gallery",
    path,
  };
}
