/** A long list of which only what is seen is in the page: rows of one height, chosen by keyboard or pointer. */

import { h } from './dom.js';

const SPARE = 8;

/**
 * @param {{label: string, height: number, key: Function, row: Function, choose: Function, end?: Function}} options
 *   `row(item)` makes a row's children, `choose(item)` is told what was chosen, `end()` that the last row came near
 */
export function windowed({ label, height, key, row, choose, end = () => {} }) {
  const rail = h('div.rail');
  const element = h('div.windowed', { role: 'listbox', tabindex: 0, 'aria-label': label }, rail);
  const made = new Map();
  let items = [];
  let chosen = null;
  let planned = 0;

  element.addEventListener('scroll', plan, { passive: true });
  element.addEventListener('keydown', press);
  element.addEventListener('click', (event) => {
    const row = event.target.closest('[role=option]');
    const item = row && items.find((one) => String(key(one)) === row.dataset.key);
    if (item) pick(item);
  });
  new ResizeObserver(plan).observe(element);

  function plan() {
    planned ||= requestAnimationFrame(() => {
      planned = 0;
      draw();
    });
  }

  function draw() {
    const first = Math.max(0, Math.floor(element.scrollTop / height) - SPARE);
    const last = Math.min(items.length, Math.ceil((element.scrollTop + element.clientHeight) / height) + SPARE);
    const seen = new Set(items.slice(first, last).map((item) => String(key(item))));
    for (const [id, option] of made) {
      if (seen.has(id)) continue;
      option.element.remove();
      made.delete(id);
    }
    let before = null;
    for (let place = first; place < last; place += 1) {
      const item = items[place];
      const id = String(key(item));
      let option = made.get(id);
      if (!option || option.item !== item) {
        option && option.element.remove();
        option = { item, element: h('div.option', { role: 'option', id: `${label.toLowerCase()}-${id}`, 'data-key': id }, row(item)) };
        made.set(id, option);
      }
      const next = before ? before.nextSibling : rail.firstChild;
      if (next !== option.element) rail.insertBefore(option.element, next);
      before = option.element;
      option.element.style.transform = `translateY(${place * height}px)`;
      option.element.setAttribute('aria-setsize', String(items.length));
      option.element.setAttribute('aria-posinset', String(place + 1));
      option.element.setAttribute('aria-selected', String(id === String(chosen)));
    }
    if (made.has(String(chosen))) element.setAttribute('aria-activedescendant', `${label.toLowerCase()}-${chosen}`);
    else element.removeAttribute('aria-activedescendant');
    if (last > items.length - SPARE) end();
  }

  function pick(item) {
    chosen = key(item);
    const top = items.indexOf(item) * height;
    if (top < element.scrollTop) element.scrollTop = top;
    if (top + height > element.scrollTop + element.clientHeight) element.scrollTop = top + height - element.clientHeight;
    draw();
    choose(item);
  }

  function press(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -items.length, End: items.length }[event.key];
    if (!step || !items.length) return;
    event.preventDefault();
    const place = items.findIndex((one) => key(one) === chosen);
    pick(items[Math.min(items.length - 1, Math.max(0, place < 0 ? 0 : place + step))]);
  }

  return {
    element,
    /** Other items. Who has scrolled down stays where they are while new ones come in above. */
    show(next) {
      const before = items[Math.floor(element.scrollTop / height)];
      items = next;
      rail.style.height = `${items.length * height}px`;
      if (before && element.scrollTop > height) {
        const place = items.findIndex((one) => key(one) === key(before));
        if (place >= 0) element.scrollTop = place * height + (element.scrollTop % height);
      }
      draw();
    },
    select(id) {
      chosen = id;
      draw();
    },
  };
}
