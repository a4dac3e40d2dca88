/** Builds elements. Text only ever becomes a text node: nothing that came from a request is read as HTML. */

/**
 * @param {string} tag the element's name, with classes after dots: `button.primary`
 * @param {Object<string, any>} [about] attributes; `on…` are listeners, `false` and `null` leave an attribute out
 * @param {...any} children elements, text, or lists of them; null and false are left out
 * @returns {HTMLElement}
 */
export function h(tag, about = {}, ...children) {
  const [name, ...classes] = tag.split('.');
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(' ');
  for (const [key, value] of Object.entries(about)) set(element, key, value);
  append(element, children);
  return element;
}

function set(element, key, value) {
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

/** Puts other children into an element. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/** Changes a text where it differs and lets the eye see it. */
export function tell(element, text) {
  const wanted = String(text);
  if (element.textContent === wanted) return;
  const known = element.textContent !== '';
  element.textContent = wanted;
  if (known) flash(element);
}

/** Marks an element as changed for a moment; style.css decides how, and stays still for those who ask for less motion. */
export function flash(element) {
  element.classList.remove('changed');
  void element.offsetWidth;
  element.classList.add('changed');
}

let numbers = 0;

/** A label with its control. */
export function field(label, control, hint = null) {
  control.id ||= `field-${++numbers}`;
  const about = hint && h('small', { id: `${control.id}-hint` }, hint);
  if (about) control.setAttribute('aria-describedby', about.id);
  return h('div.field', {}, h('label', { for: control.id }, label), control, about);
}

/** A choice among values, `[value, label]` or plain. */
export function choice(values, chosen, about = {}) {
  const options = values.map((one) => {
    const [value, label] = Array.isArray(one) ? one : [one, one];
    return h('option', { value, selected: value === chosen }, label);
  });
  return h('select', about, options);
}

/** A button that asks once more before it does something that can't be taken back. */
export function careful(label, question, act) {
  let timer = 0;
  const button = h('button.danger', { type: 'button', onclick: press }, label);
  function press() {
    clearTimeout(timer);
    if (button.dataset.asked) return calm(), act();
    button.dataset.asked = 'yes';
    button.textContent = question;
    timer = setTimeout(calm, 4000);
  }
  function calm() {
    delete button.dataset.asked;
    button.textContent = label;
  }
  return button;
}

/** Runs a function soon: once for all that ask in the same moment, and never a second time while it still runs. */
export function soon(act) {
  let asked = false;
  let running = false;
  return async () => {
    asked = true;
    if (running) return;
    running = true;
    try {
      while (asked) {
        await new Promise((go) => { setTimeout(go, 5); });
        asked = false;
        await act();
      }
    } finally {
      running = false;
    }
  };
}

/** Runs a function when it was not called for a moment. */
export function calmly(act, wait) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...given), wait);
  };
}
