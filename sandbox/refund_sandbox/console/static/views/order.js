/** One order: its ledger as a time line, and the refund form of its API. */

import { base, read } from '../api.js';
import { fill, flash, h, soon } from '../dom.js';
import { NAMES, instant, when, words } from '../format.js';
import { listen } from '../connection.js';
import { badge, bar, failure, figures } from '../components.js';
import { refundForm } from '../refund_form.js';
import { timeline } from '../timeline.js';

const REFUND = { funnelfox: 'refundPayment', fluentcart: 'refundOrder' };

export async function open(root, [api, id]) {
  const order = await read(`/${api}/orders/${encodeURIComponent(id)}`);
  const state = badge();
  const subscription = badge();
  const about = h('p.about');
  const [gauge, numbers] = [bar(), figures()];
  const line = h('ol.timeline');
  const said = h('div');
  const form = await refundForm(api, order);
  const renewal = h('span.subscription', { hidden: true }, 'Subscription ', subscription.element);
  fill(root,
    h('div.head', {}, h('h1', {}, `${NAMES[api]} order `, h('span.id', {}, id)), h('p.actions', {}, h('a', { href: `${base}/docs#/${api}/${REFUND[api]}/${encodeURIComponent(id)}` }, 'Try it in the reference'), h('a', { href: `#/orders/${api}` }, 'All orders'))),
    h('section.card.ledger', { 'aria-label': 'Ledger' }, h('p.states', {}, state.element, ' ', renewal), numbers.element, gauge.element, about),
    said,
    h('div.columns', {},
      h('section', { 'aria-labelledby': 'refund-title' }, h('h2', { id: 'refund-title' }, 'Refund it'), form.element),
      h('section', { 'aria-labelledby': 'line-title' }, h('h2', { id: 'line-title' }, 'What happened'), line)));

  const known = new Set();
  async function look() {
    try {
      const found = await gather(api, id);
      fill(said);
      show(found);
    } catch (error) {
      fill(said, failure(error, look));
    }
  }

  function show({ document, summary, entries }) {
    state.show(summary.state);
    renewal.hidden = !summary.subscription;
    subscription.show(summary.subscription || '');
    numbers.show(summary);
    gauge.show(summary);
    about.textContent = describe(document, summary);
    const first = known.size === 0;
    line.replaceChildren(...entries.map((entry) => {
      const element = timelineItem(entry);
      if (!first && !known.has(entry.key)) flash(element);
      return element;
    }));
    entries.forEach((entry) => known.add(entry.key));
    form.update(document, summary);
  }

  const again = soon(look);
  const ends = [
    listen('request', (entry) => entry.api === api && (entry.order === id || entry.changes.length) && again()),
    listen('delivery', (delivery) => delivery.body.includes(id) && again()),
    listen('world', again),
  ];
  await look();
  return () => ends.forEach((end) => end());
}

/** Everything that is known about the order, at once. */
async function gather(api, id) {
  const [document, list, journal, sent] = await Promise.all([
    read(`/${api}/orders/${encodeURIComponent(id)}`),
    read(`/${api}/orders?id=${encodeURIComponent(id)}`),
    read(`/requests?api=${api}&order=${encodeURIComponent(id)}&limit=50`),
    read(`/webhooks/deliveries?api=${api}&limit=100`),
  ]);
  const [summary] = list.orders;
  const deliveries = sent.deliveries.filter((one) => JSON.stringify(one.body).includes(id));
  const entries = timeline(api, document, summary, journal.requests, deliveries);
  return { document, summary, entries: entries.sort((a, b) => (instant(b.at) || 0) - (instant(a.at) || 0)) };
}

function describe(document, summary) {
  const parts = [summary.customer, `status ${words(summary.status)}`, `made ${when(summary.created_at)} UTC`];
  if (document.payment_method) parts.push(words(document.payment_method));
  if (document.pp_ident) parts.push(document.pp_ident);
  if (summary.scenario) parts.push(`carries the scenario ${summary.scenario}`);
  return parts.filter(Boolean).join(' · ');
}

function timelineItem(entry) {
  const title = entry.link ? h('a', { href: entry.link }, entry.title) : entry.title;
  return h('li', { class: `moment ${entry.kind}` },
    h('p.what', {}, h('strong', {}, title), entry.amount && h('span.amount', {}, entry.amount), entry.state && badge(entry.state).element),
    entry.text && h('p', {}, entry.text), h('time', { class: 'faint' }, `${when(entry.at)} UTC`));
}
