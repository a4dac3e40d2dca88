/** Builds elements. Text always becomes a text node, so nothing from a request is parsed as HTML. */

/**
 * @param {string} tag the element's name, with classes after dots: `button.primary`
 * @param {Object<string, any>} [attributes] `on…` are listeners, `false` and `null` leave an attribute out
 * @param {...any} children elements, text, or lists of them; null and false are left out
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split('.');
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(' ');
  for (const [key, value] of Object.entries(attributes)) setAttribute(element, key, value);
  append(element, children);
  return element;
}

function setAttribute(element, key, value) {
  if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
  else if (key === 'value') element.value = value;
  else if (key === 'checked') element.checked = value;
  else if (value === true) element.setAttribute(key, '');
  else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, String(value));
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/** Replaces the children of an element. */
export function setChildren(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/** Changes a text if it differs, and highlights the change. */
export function setText(element, text) {
  const next = String(text);
  if (element.textContent === next) return;
  const hadText = element.textContent !== '';
  element.textContent = next;
  if (hadText) flash(element);
}

/** Highlights an element for a moment. style.css does so without motion for people who prefer that. */
export function flash(element) {
  element.classList.remove('changed');
  void element.offsetWidth;
  element.classList.add('changed');
}

let fieldNumber = 0;

/** A label with its control and an optional hint. */
export function field(label, control, hint = null) {
  control.id ||= `field-${++fieldNumber}`;
  const description = hint && h('small', { id: `${control.id}-hint` }, hint);
  if (description) control.setAttribute('aria-describedby', description.id);
  return h('div.field', {}, h('label', { for: control.id }, label), control, description);
}

/** A drop-down list of values: `[value, label]`, or a value that is its own label. */
export function select(values, selected, attributes = {}) {
  const options = values.map((entry) => {
    const [value, label] = Array.isArray(entry) ? entry : [entry, entry];
    return h('option', { value, selected: value === selected }, label);
  });
  return h('select', attributes, options);
}

/** A button for an action that can't be undone: it needs a second click within four seconds. */
export function confirmButton(label, question, act) {
  let timer = 0;
  const button = h('button.danger', { type: 'button', onclick: press }, label);
  function press() {
    clearTimeout(timer);
    if (button.dataset.confirming) return cancel(), act();
    button.dataset.confirming = 'yes';
    button.textContent = question;
    timer = setTimeout(cancel, 4000);
  }
  function cancel() {
    delete button.dataset.confirming;
    button.textContent = label;
  }
  return button;
}

/** Combines calls: one run for all calls within 5 ms, and never two runs at a time. */
export function coalesce(act) {
  let requested = false;
  let running = false;
  return async () => {
    requested = true;
    if (running) return;
    running = true;
    try {
      while (requested) {
        await new Promise((resolve) => { setTimeout(resolve, 5); });
        requested = false;
        await act();
      }
    } finally {
      running = false;
    }
  };
}

/** Delays a function until there was no call for `waitMs`. */
export function debounce(act, waitMs) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...args), waitMs);
  };
}
