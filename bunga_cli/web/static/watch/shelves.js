// Lists of videos to choose from: rows with a picture, a title and a note.

import { copyOf } from "./dom.js";

export function rowOf({ title, note = "", thumb = null }, chosen) {
  const row = copyOf("shelf-row");
  row.title.textContent = title;
  row.note.textContent = note;
  showThumb(row.thumb, thumb);
  row.button.addEventListener("click", () => chosen(row.button));
  return row.root;
}

// A picture that cannot be shown leaves the icon where it is.
export function showThumb(place, url) {
  if (!url) return;
  const picture = new Image();
  picture.alt = "";
  picture.loading = "lazy";
  picture.referrerPolicy = "no-referrer";
  picture.addEventListener("load", () => place.classList.add("watch-thumb--seen"));
  picture.addEventListener("error", () => picture.remove());
  picture.src = url;
  place.append(picture);
}

// Of several questions the last one is answered.
export function latest() {
  let asked = 0;
  return async (question) => {
    const mine = (asked += 1);
    const settled = await question.then((value) => ({ value }), (problem) => ({ problem }));
    return { ...settled, isLate: mine !== asked };
  };
}
