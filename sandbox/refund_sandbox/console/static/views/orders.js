/** Orders of one API: searched, filtered, by pages, each with what was paid, refunded and is left. */

import { read } from '../api.js';
import { calmly, choice, field, fill, h, soon, tell } from '../dom.js';
import { money, NAMES, short, when, words } from '../format.js';
import { listen } from '../connection.js';
import { badge, bar, empty, failure } from '../components.js';

const STATES = {
  funnelfox: ['paid', 'partially_refunded', 'refunded', 'authorized', 'declined', 'cancelled', 'processing'],
  fluentcart: ['paid', 'partially_refunded', 'refunded', 'pending', 'failed', 'partially_paid'],
};
const PER_PAGE = 50;

export async function open(root, [api = 'fluentcart']) {
  const wanted = { search: '', state: '', page: 1 };
  const rows = new Map();
  const table = head();
  const list = h('tbody');
  const count = h('p.faint', { role: 'status' });
  const pager = h('nav.pager', { 'aria-label': 'Pages' });
  const said = h('div');
  table.append(list);

  const search = h('input', { type: 'search', placeholder: api === 'funnelfox' ? 'order or customer id' : 'id, invoice, customer, title' });
  search.addEventListener('input', calmly(() => ask({ search: search.value, page: 1 }), 120));
  const state = choice([['', 'any state'], ...STATES[api].map((one) => [one, words(one)])], '', {
    onchange: () => ask({ state: state.value, page: 1 }),
  });
  fill(root,
    h('div.head', {}, h('h1', {}, 'Orders'), tabs(api)),
    h('form.filters', { role: 'search', onsubmit: (event) => event.preventDefault() }, field('Search', search), field('State', state), count),
    said, h('div.scroll', {}, table), pager);

  let turn = 0;
  async function ask(change = {}) {
    Object.assign(wanted, change);
    const mine = ++turn;
    const query = new URLSearchParams({ ...wanted, per_page: PER_PAGE });
    try {
      const found = await read(`/${api}/orders?${query}`);
      if (mine === turn) show(found);
    } catch (error) {
      if (mine === turn) fill(said, failure(error, () => ask()));
    }
  }

  function show(found) {
    const any = wanted.search || wanted.state;
    fill(said, found.orders.length === 0 && empty(any ? 'No order is like that.' : `There are no ${NAMES[api]} orders in this world. World → Reset brings the demo back.`));
    table.hidden = found.orders.length === 0;
    count.textContent = `${found.total.toLocaleString('en')} ${found.total === 1 ? 'order' : 'orders'}`;
    const shown = found.orders.map((order) => {
      const row = rows.get(order.id) || newRow(api, order.id);
      rows.set(order.id, row);
      row.show(order);
      return row.element;
    });
    if (shown.length !== list.children.length || shown.some((row, place) => list.children[place] !== row)) list.replaceChildren(...shown);
    const kept = new Set(found.orders.map((order) => order.id));
    for (const id of rows.keys()) if (!kept.has(id)) rows.delete(id);
    const last = Math.max(1, Math.ceil(found.total / PER_PAGE));
    fill(pager, last > 1 && pages(wanted.page, last, (page) => ask({ page })));
  }

  const again = soon(() => ask());
  const ends = [
    listen('request', (entry) => entry.api === api && entry.changes.length && again()),
    listen('world', again),
  ];
  await ask();
  return () => ends.forEach((end) => end());
}

function tabs(chosen) {
  const tab = (api) => h('a', { href: `#/orders/${api}`, 'aria-current': api === chosen && 'true' }, NAMES[api]);
  return h('nav.tabs', { 'aria-label': 'API' }, tab('fluentcart'), tab('funnelfox'));
}

function head() {
  const columns = ['Order', 'Customer', 'State', 'Paid', 'Refunded', 'Left', 'Paid, refunded, left', 'Made'];
  const numbers = ['Paid', 'Refunded', 'Left'];
  const cells = columns.map((name) => h('th', { scope: 'col', class: numbers.includes(name) ? 'number' : '' }, name));
  return h('table.orders', {}, h('caption.hidden', {}, 'Orders, newest first'), h('thead', {}, h('tr', {}, cells)));
}

function newRow(api, id) {
  const state = badge();
  const gauge = bar();
  const [customer, paid, refunded, left, made] = ['', '', '', '', ''].map(() => h('span'));
  const note = h('span.faint');
  const cell = (label, child, about = {}) => h('td', { 'data-label': label, ...about }, child);
  const element = h('tr', { 'data-order': id },
    h('th', { scope: 'row' }, h('a', { href: `#/orders/${api}/${encodeURIComponent(id)}`, title: id }, short(id)), ' ', note),
    cell('Customer', customer), cell('State', state.element),
    cell('Paid', paid, { class: 'number' }), cell('Refunded', refunded, { class: 'number' }), cell('Left', left, { class: 'number' }),
    cell('', gauge.element, { class: 'gauge' }), cell('Made', made, { class: 'faint' }));
  return {
    element,
    show(order) {
      customer.textContent = order.customer;
      made.textContent = when(order.created_at);
      note.textContent = order.scenario ? words(order.scenario) : '';
      state.show(order.state);
      tell(paid, money(order.paid, order.decimals, order.currency));
      tell(refunded, money(order.refunded, order.decimals));
      tell(left, money(order.left, order.decimals));
      gauge.show(order);
    },
  };
}

function pages(page, last, go) {
  const button = (label, to) => h('button', { type: 'button', disabled: to < 1 || to > last || to === page, onclick: () => go(to) }, label);
  return [button('First', 1), button('Previous', page - 1), h('span', {}, `Page ${page} of ${last}`), button('Next', page + 1), button('Last', last)];
}
