// Elements. What a server says becomes text or an attribute value here, never markup.

/**
 * Makes an element.
 * @param {string} tag its name, with classes: 'div.row.ask'
 * @param {Record<string, unknown>} [attributes] functions are listeners: {click: () => ...};
 *   true sets a bare attribute, false and null none
 * @param {...(Node|string)} children
 */
export function element(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split('.');
  const made = document.createElement(name);
  if (classes.length > 0) made.className = classes.join(' ');
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(key, value);
    else setAttribute(made, key, value);
  }
  made.append(...children);
  return made;
}

/** The element of the page with this id, which must be there. */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

const shown = new WeakMap();

/** Shows a text; an element that shows it already is not touched. */
export function setText(node, text) {
  const wanted = String(text ?? '');
  if (shown.get(node) === wanted) return;
  shown.set(node, wanted);
  const only = node.firstChild;
  if (only !== null && only.nodeType === Node.TEXT_NODE && only === node.lastChild) {
    only.data = wanted;
  } else {
    node.textContent = wanted;
  }
}

/** Sets an attribute where it differs; null and false remove it. */
export function setAttribute(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
    return;
  }
  const wanted = value === true ? '' : String(value);
  if (node.getAttribute(name) !== wanted) node.setAttribute(name, wanted);
}

/** Shows or hides an element. */
export function setShown(node, isShown) {
  if (node.hidden === isShown) node.hidden = !isShown;
}

/** Makes the options of a <select>, keeping what is chosen where it still can be. */
export function setOptions(select, values, label = (value) => value) {
  const before = select.value;
  select.replaceChildren(...values.map((value) => element('option', { value }, label(value))));
  if (values.includes(before)) select.value = before;
}

const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});

/** The time of day of milliseconds or of an RFC 3339 text; what is neither is shown as it is. */
export function timeOfDay(moment) {
  const date = new Date(moment);
  return Number.isNaN(date.getTime()) ? String(moment) : clock.format(date);
}
