/** Builds elements. Text always enters as text: nothing in this app turns a string into HTML. */

/**
 * @param {string} tag the element's name, with classes after dots: `p.soft.small`
 * @param {Record<string, string | boolean | undefined | ((event: Event) => void)>} [attributes] a function is a listener
 * @param {...(Node | string | undefined)} children
 * @returns {HTMLElement}
 */
export function element(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split('.');
  const made = document.createElement(name);
  if (classes.length > 0) made.className = classes.join(' ');
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(key, value);
    else if (value === true) made.setAttribute(key, '');
    else if (value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** Shows a view in place of what was there. */
export function show(...children) {
  const view = document.querySelector('#view');
  view.replaceChildren(...children.filter((child) => child !== undefined));
  view.removeAttribute('aria-busy');
}

/** The title of the document; the view's heading says the same. */
export function title(text) {
  document.title = `${text} · Invoices`;
}

/** Says something to people who see and to people who listen. */
export function announce(text) {
  document.querySelector('#status').textContent = text;
}
