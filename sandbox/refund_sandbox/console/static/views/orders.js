/** Orders of one API: search, filter and pages, with paid, refunded and refundable amounts. */

import { apis, control, findApi, getControl } from '../api.js';
import { AMOUNT_LABELS, apiTabs, badge, emptyState, errorNotice, orderState, refundBar, refundBarLegend, statusLine } from '../components.js';
import { listen } from '../connection.js';
import { coalesce, debounce, field, h, select, setChildren, setText } from '../dom.js';
import { count, dateTime, money, shortId, words } from '../format.js';

const PER_PAGE = 50;

export async function open(root, [name]) {
  const api = findApi(name);
  const filters = { search: '', state: '', page: 1 };
  const rows = new Map();
  const table = tableHead();
  const body = h('tbody');
  const total = h('p.faint', { role: 'status' });
  const pager = h('nav.pager', { 'aria-label': 'Pages' });
  const notice = h('div');
  const newOrder = newOrderButton(api);
  table.append(body);

  const search = h('input', { type: 'search', placeholder: api.order_search });
  search.addEventListener('input', debounce(() => load({ search: search.value, page: 1 }), 120));
  const state = select([['', 'Any state'], ...api.order_states.map((one) => [one, words(one)])], '', {
    onchange: () => load({ state: state.value, page: 1 }),
  });
  setChildren(root,
    h('div.head', {}, h('h1', {}, 'Orders'), apiTabs('orders', apis, api), newOrder.element),
    h('form.filters', { role: 'search', onsubmit: (event) => event.preventDefault() }, field('Search', search), field('State', state), total),
    notice, h('div.scroll', {}, table), refundBarLegend(), pager);

  let loads = 0;
  async function load(change = {}) {
    Object.assign(filters, change);
    const number = ++loads;
    const query = new URLSearchParams({ ...filters, per_page: PER_PAGE });
    try {
      const page = await getControl(`/${api.name}/orders?${query}`);
      if (number !== loads) return;
      if (page.orders.length || filters.page === 1) show(page);
      else await load({ page: 1 }); // the orders of a later page were deleted
    } catch (error) {
      if (number === loads) setChildren(notice, errorNotice(error, () => load()));
    }
  }

  function show(page) {
    const isFiltered = filters.search || filters.state;
    const noOrders = `No ${api.title} orders. Create one, or reset to the fixture demo on the page Environment.`;
    setChildren(notice, page.orders.length === 0 && emptyState(isFiltered ? 'No matching orders.' : noOrders));
    table.hidden = page.orders.length === 0;
    total.textContent = count(page.total, 'order');
    const visible = page.orders.map((order) => {
      const row = rows.get(order.id) || newRow(api.name, order.id);
      rows.set(order.id, row);
      row.show(order);
      return row.element;
    });
    if (visible.length !== body.children.length || visible.some((row, index) => body.children[index] !== row)) body.replaceChildren(...visible);
    const ids = new Set(page.orders.map((order) => order.id));
    for (const id of rows.keys()) if (!ids.has(id)) rows.delete(id);
    const last = Math.max(1, Math.ceil(page.total / PER_PAGE));
    setChildren(pager, last > 1 && pages(filters.page, last, (number) => load({ page: number })));
  }

  const reload = coalesce(() => load());
  const stops = [
    listen('request', (entry) => entry.api === api.name && entry.changes.length && reload()),
    listen('world', reload),
  ];
  await load();
  return () => stops.forEach((stop) => stop());
}

/** A button that creates a paid order with generated values, and opens it. */
function newOrderButton(api) {
  const status = statusLine();
  async function create() {
    const order = await status.run(() => control('POST', `/${api.name}/orders`, {}));
    if (order) location.hash = `#/orders/${api.name}/${encodeURIComponent(order[api.order_id_field])}`;
  }
  return { element: h('p.actions', {}, status.element, h('button', { type: 'button', onclick: create }, 'New order')) };
}

function tableHead() {
  const amounts = [AMOUNT_LABELS.paid, AMOUNT_LABELS.refunded, AMOUNT_LABELS.left];
  const cell = (name) => h('th', { scope: 'col', class: amounts.includes(name) ? 'number' : '' }, name);
  const barCell = h('th', { scope: 'col' }, h('span.hidden', {}, 'Amounts as a bar'));
  const cells = [...['Order', 'Customer', 'State', ...amounts].map(cell), barCell, cell('Created')];
  return h('table.orders', {}, h('caption.hidden', {}, 'Orders, newest first'), h('thead', {}, h('tr', {}, cells)));
}

function newRow(api, id) {
  const state = badge();
  const bar = refundBar();
  const [customer, paid, refunded, refundable, created] = ['', '', '', '', ''].map(() => h('span'));
  const scenario = h('span.faint', { title: 'Every refund of this order fails with this scenario' });
  const cell = (label, child, attributes = {}) => h('td', { 'data-label': label, ...attributes }, child);
  const number = (label, child) => cell(label, child, { class: 'number' });
  const element = h('tr', { 'data-order': id },
    h('th', { scope: 'row' }, h('a', { href: `#/orders/${api}/${encodeURIComponent(id)}`, title: id }, shortId(id)), ' ', scenario),
    cell('Customer', customer), cell('State', state.element),
    number(AMOUNT_LABELS.paid, paid), number(AMOUNT_LABELS.refunded, refunded), number(AMOUNT_LABELS.left, refundable),
    cell('', bar.element, { class: 'gauge' }), cell('Created', created, { class: 'faint' }));
  return {
    element,
    show(order) {
      customer.textContent = order.customer;
      created.textContent = dateTime(order.created_at);
      scenario.textContent = order.scenario || '';
      state.show(orderState(order));
      setText(paid, money(order.paid, order.decimals, order.currency));
      setText(refunded, money(order.refunded, order.decimals));
      setText(refundable, money(order.left, order.decimals));
      bar.show(order);
    },
  };
}

function pages(page, last, open) {
  const button = (label, to) => h('button', { type: 'button', disabled: to < 1 || to > last || to === page, onclick: () => open(to) }, label);
  return [button('First', 1), button('Previous', page - 1), h('span', {}, `Page ${page} of ${last}`), button('Next', page + 1), button('Last', last)];
}
