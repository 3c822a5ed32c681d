// Changing what is shown into what it shall be, element by element: what stays the same stays in place, so that
// nothing is lost of what is pressed, focused or selected. The HTML is made by the server's templates.

export function elementOf(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}

export function morph(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeName !== fresh.nodeName || old.id !== fresh.id) return old.replaceWith(fresh);
  if (old.nodeType !== Node.ELEMENT_NODE) return (old.data = fresh.data);
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const [shown, wanted] = [[...old.childNodes], [...fresh.childNodes]];
  wanted.forEach((child, index) => (index < shown.length ? morph(shown[index], child) : old.append(child)));
  for (const child of shown.slice(wanted.length)) child.remove();
}
