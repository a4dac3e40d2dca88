/** A long list that renders only its visible rows. Rows have one height; keyboard and pointer select them. */

import { h } from './dom.js';

const EXTRA_ROWS = 8;

/**
 * @param {{label: string, height: number, key: Function, row: Function, onSelect: Function, onEnd?: Function}} options
 *   `row(item)` returns a row's children; `onSelect(item)` and `onEnd()` are called for a selection and near the last row
 */
export function virtualList({ label, height, key, row, onSelect, onEnd = () => {} }) {
  const rows = h('div.virtual-rows');
  const element = h('div.virtual-list', { role: 'listbox', tabindex: 0, 'aria-label': label }, rows);
  const rendered = new Map();
  let items = [];
  let selected = null;
  let frame = 0;

  element.addEventListener('scroll', scheduleRender, { passive: true });
  element.addEventListener('keydown', handleKey);
  element.addEventListener('click', (event) => {
    const option = event.target.closest('[role=option]');
    const item = option && items.find((one) => String(key(one)) === option.dataset.key);
    if (item) selectItem(item);
  });
  new ResizeObserver(scheduleRender).observe(element);

  function scheduleRender() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      render();
    });
  }

  function render() {
    const first = Math.max(0, Math.floor(element.scrollTop / height) - EXTRA_ROWS);
    const last = Math.min(items.length, Math.ceil((element.scrollTop + element.clientHeight) / height) + EXTRA_ROWS);
    removeInvisible(new Set(items.slice(first, last).map((item) => String(key(item)))));
    let previous = null;
    for (let index = first; index < last; index += 1) {
      const option = renderRow(items[index]);
      const next = previous ? previous.nextSibling : rows.firstChild;
      if (next !== option) rows.insertBefore(option, next);
      previous = option;
      option.style.transform = `translateY(${index * height}px)`;
      option.setAttribute('aria-setsize', String(items.length));
      option.setAttribute('aria-posinset', String(index + 1));
    }
    if (rendered.has(String(selected))) element.setAttribute('aria-activedescendant', optionId(selected));
    else element.removeAttribute('aria-activedescendant');
    if (last > items.length - EXTRA_ROWS) onEnd();
  }

  const optionId = (id) => `${label.toLowerCase()}-${id}`;

  function removeInvisible(visible) {
    for (const [id, option] of rendered) {
      if (visible.has(id)) continue;
      option.element.remove();
      rendered.delete(id);
    }
  }

  function renderRow(item) {
    const id = String(key(item));
    let option = rendered.get(id);
    if (!option || option.item !== item) {
      if (option) option.element.remove();
      option = { item, element: h('div.option', { role: 'option', id: optionId(id), 'data-key': id }, row(item)) };
      rendered.set(id, option);
    }
    option.element.setAttribute('aria-selected', String(id === String(selected)));
    return option.element;
  }

  function selectItem(item) {
    selected = key(item);
    const top = items.indexOf(item) * height;
    if (top < element.scrollTop) element.scrollTop = top;
    if (top + height > element.scrollTop + element.clientHeight) element.scrollTop = top + height - element.clientHeight;
    render();
    onSelect(item);
  }

  function handleKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -items.length, End: items.length }[event.key];
    if (!step || !items.length) return;
    event.preventDefault();
    const index = items.findIndex((one) => key(one) === selected);
    selectItem(items[Math.min(items.length - 1, Math.max(0, index < 0 ? 0 : index + step))]);
  }

  return {
    element,
    /** Replaces the items. A list that is scrolled down keeps its visible rows while new items arrive above. */
    show(next) {
      const topItem = items[Math.floor(element.scrollTop / height)];
      items = next;
      rows.style.height = `${items.length * height}px`;
      if (topItem && element.scrollTop > height) {
        const index = items.findIndex((one) => key(one) === key(topItem));
        if (index >= 0) element.scrollTop = index * height + (element.scrollTop % height);
      }
      render();
    },
    select(id) {
      selected = id;
      render();
    },
  };
}
