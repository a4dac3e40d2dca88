/** Home: base URLs and credentials to copy, what the demo orders show, and the state of the workspace. */

import { apis, base, getControl, workspace } from '../api.js';
import { accessList, badge, orderState } from '../components.js';
import { listen } from '../connection.js';
import { coalesce, h, setChildren } from '../dom.js';
import { count, dateTime, money, shortId, words } from '../format.js';

const NEWEST_ORDERS = 200;

export async function open(root) {
  const state = h('section.card', { 'aria-labelledby': 'state-title' });
  const orders = h('div.columns');
  setChildren(root,
    h('div.head', {}, h('h1', {}, 'Refund sandbox'), h('p.actions', {}, h('a', { href: '#/demos' }, 'Watch a demo'), h('a', { href: `${base}/docs` }, 'API reference'))),
    h('h2', {}, 'What would you like to see?'), orders,
    h('h2', {}, 'Connect your code'), h('div.columns', {}, await Promise.all(apis.map(accessCard))),
    state);
  async function load() {
    const [pages, summary] = await Promise.all([Promise.all(apis.map((api) => getControl(`/${api.name}/orders?per_page=${NEWEST_ORDERS}`))), readState()]);
    setChildren(orders, apis.map((api, index) => ordersCard(api, pages[index])));
    setChildren(state, summary);
  }
  const reload = coalesce(() => load().catch(() => {}));
  const stops = [listen('world', reload), listen('request', reload)];
  await load();
  return () => stops.forEach((stop) => stop());
}

async function accessCard(api) {
  return h('section.card', {}, h('h3', {}, api.title), await accessList(api));
}

/** The demo orders of an API that the workspace has, or its newest orders. */
function ordersCard(api, page) {
  const shown = page.orders.filter((order) => order.id in api.demo_orders).sort((one, other) => demoIndex(api, one) - demoIndex(api, other));
  const line = (order) => h('li', { 'data-order': order.id },
    h('span', {}, h('a', { href: `#/orders/${api.name}/${encodeURIComponent(order.id)}`, title: order.id }, api.demo_orders[order.id] || shortId(order.id)), h('br'),
      h('span.faint', {}, `${shortId(order.id)} · ${money(order.paid || order.amount, order.decimals, order.currency)}`)),
    badge(orderState(order)).element);
  const orders = shown.length ? shown : page.orders.slice(0, 10);
  return h('section.card', {}, h('h3', {}, h('a', { href: `#/orders/${api.name}` }, `${api.title}: ${count(page.total, 'order')}`)),
    orders.length ? h('ul.list.tall', {}, orders.map(line)) : h('p.faint', {}, 'No orders yet. Create one on the page ', h('a', { href: `#/orders/${api.name}` }, 'Orders'), ', or load the fixture demo on the page ', h('a', { href: '#/environment' }, 'Environment'), '.'));
}

const demoIndex = (api, order) => Object.keys(api.demo_orders).indexOf(order.id);

async function readState() {
  const [clock, settings, { faults }, { requests }] = await Promise.all([getControl('/clock'), getControl('/settings'), getControl('/faults'), getControl('/requests?limit=1')]);
  const enabled = faults.filter((fault) => fault.times !== 0);
  const facts = [
    ['Workspace', h('a', { href: '#/environment' }, workspace)],
    ['Clock', `${dateTime(clock.now)} UTC, ${clock.frozen ? 'frozen' : clock.ahead_seconds ? 'moved' : 'real time'}`],
    ['Validation', settings.validation],
    ...apis.map((api) => [api.title, Object.entries(settings[api.name]).map(([name, value]) => `${words(name)} ${value}`).join(', ') || 'no settings']),
    ['Enabled faults', h('a', { href: '#/faults' }, enabled.length ? enabled.map((fault) => fault.scenario || 'custom').join(', ') : 'none')],
    ['Last request', requests.length ? h('a', { href: `#/requests/${requests[0].id}` }, `${requests[0].operation || requests[0].path} → ${requests[0].status}`) : 'none yet'],
  ];
  return [h('h2', { id: 'state-title' }, 'State of this workspace'), h('dl.facts', {}, facts.map(([label, value]) => h('div', {}, h('dt', {}, label), h('dd', {}, value))))];
}
