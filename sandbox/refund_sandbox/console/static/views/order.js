/** One order: its amounts, its refund form and its timeline. */

import { base, control, findApi, getControl } from '../api.js';
import { amountFigures, badge, errorNotice, orderState, refundBar, statusLine } from '../components.js';
import { listen } from '../connection.js';
import { coalesce, field, flash, h, select, setChildren } from '../dom.js';
import { count, dateTime, money, parseTime, words } from '../format.js';
import { readFields, refundForm } from '../refund_form.js';
import { timeline } from '../timeline.js';

export async function open(root, [api, id]) {
  const first = await readOrder(api, id);
  const { title, refund_operation } = findApi(api);
  const form = await refundForm(api, id);
  const ledger = ledgerCard();
  const notice = h('div');
  const warnings = h('div.warnings', { role: 'status' });
  const related = h('ul.related');
  const entries = h('ol.timeline');
  const reference = `${base}/docs#/${api}/${refund_operation}/${encodeURIComponent(id)}`;
  const list = { href: `#/orders/${api}`, title: 'All orders' };
  const content = [
    h('div.head', {}, h('h1', {}, `${title} order `, h('span.id', {}, id)), h('p.actions', {}, h('a', { href: reference }, 'Open in API reference'), h('a', { href: list.href }, list.title))),
    ledger.element, related, warnings, notice,
    h('div.columns', {},
      h('section', { 'aria-labelledby': 'refund-title' }, h('h2', { id: 'refund-title' }, 'Refund'), form.element, triggerForm(findApi(api), id)),
      h('section', { 'aria-labelledby': 'timeline-title' }, h('h2', { id: 'timeline-title' }, 'Timeline'), entries)),
  ];
  setChildren(root, content);

  const knownKeys = new Set();
  let isMissing = false;
  async function load() {
    try {
      const data = await readOrder(api, id);
      if (isMissing) setChildren(root, content);
      isMissing = false;
      setChildren(notice);
      await show(data);
    } catch (error) {
      isMissing = error.status === 404;
      setChildren(isMissing ? root : notice, errorNotice(error, load, list));
    }
  }

  async function show(data) {
    ledger.show(data.summary);
    related.hidden = data.related.length === 0;
    setChildren(related, data.related.map((record) => relatedRecord(api, record)));
    setChildren(warnings, data.transactions.filter((one) => one.warning).map((one) => warningNotice(one, data.summary)));
    const isFirst = knownKeys.size === 0;
    entries.replaceChildren(...data.entries.map((entry) => {
      const element = timelineEntry(entry);
      if (!isFirst && !knownKeys.has(entry.key)) flash(element);
      return element;
    }));
    data.entries.forEach((entry) => knownKeys.add(entry.key));
    await form.show(data.fields, data.summary);
  }

  const reload = coalesce(load);
  const stops = [
    listen('request', (entry) => entry.api === api && (entry.order === id || entry.changes.length) && reload()),
    listen('delivery', (delivery) => delivery.body.includes(id) && reload()),
    listen('world', reload),
  ];
  await show(first);
  return () => stops.forEach((stop) => stop());
}

/** The summary of the order, the records that it names, the fields of its refund, and its timeline, newest entry first. */
async function readOrder(api, id) {
  const order = encodeURIComponent(id);
  const [{ transactions }, { related }, { orders: [summary] }, fields, { requests }, sent] = await Promise.all([
    getControl(`/${api}/orders/${order}/transactions`),
    getControl(`/${api}/orders/${order}/related`),
    getControl(`/${api}/orders?id=${order}`),
    readFields(api, id),
    getControl(`/requests?api=${api}&order=${order}&limit=50`),
    getControl(`/webhooks/deliveries?api=${api}&limit=100`),
  ]);
  const deliveries = sent.deliveries.filter((one) => JSON.stringify(one.body).includes(id));
  const entries = timeline(findApi(api), summary, transactions, requests, deliveries);
  return { summary, transactions, related, fields, entries: entries.sort((a, b) => (parseTime(b.at) || 0) - (parseTime(a.at) || 0)) };
}

/** A record that the order names, as a link to the operation that reads it. */
function relatedRecord(api, { kind, title, operation, id }) {
  const reference = `${base}/docs#/${api}/${operation}${id && `/${encodeURIComponent(id)}`}`;
  return h('li', {}, h('span.faint', {}, `${words(kind)} `), h('a', { href: reference }, title || id));
}

/** A refund whose money did not move as the ledger or the reply says, or another transaction with a problem. */
function warningNotice({ kind, title, amount, warning }, { decimals, currency }) {
  const text = `${title} of ${money(amount, decimals, currency)}${kind === 'refund' ? ' failed at the gateway' : ''}. `;
  return h('p.notice.error', {}, h('strong', {}, text), warning);
}

/** Card with the amounts and the states of the order: `element` and `show(summary)`. */
function ledgerCard() {
  const [state, subscription, bar, figures] = [badge(), badge(), refundBar(), amountFigures()];
  const details = h('p.about');
  const subscriptionLabel = h('span.subscription', { hidden: true }, 'Subscription ', subscription.element);
  return {
    element: h('section.card.ledger', { 'aria-label': 'Ledger' }, h('p.states', {}, state.element, ' ', subscriptionLabel), figures.element, bar.element, details),
    show(summary) {
      state.show(orderState(summary));
      subscriptionLabel.hidden = !summary.subscription;
      subscription.show(summary.subscription || '');
      figures.show(summary);
      bar.show(summary);
      details.textContent = describe(summary);
    },
  };
}

function describe(summary) {
  const parts = [summary.customer, `status ${words(summary.status)}`, `created ${dateTime(summary.created_at)} UTC`];
  if (summary.scenario) parts.push(`Always fails: ${summary.scenario}`);
  return parts.filter(Boolean).join(' · ');
}

/** Sends a webhook about the order without a request to the API. */
function triggerForm(api, id) {
  const topics = Object.entries(api.webhooks.topics);
  const topic = select(topics.map(([name]) => name), '', { onchange: showMeaning });
  const meaning = h('p.faint');
  const status = statusLine();
  function showMeaning() {
    meaning.textContent = api.webhooks.topics[topic.value];
  }
  async function trigger(event) {
    event.preventDefault();
    const reply = await status.run(() => control('POST', `/${api.name}/webhooks/trigger`, { topic: topic.value, order: id }));
    if (reply) status.show(reply.deliveries.length ? `Webhook sent to ${count(reply.deliveries.length, 'endpoint')}.` : 'No endpoint gets this webhook. Add one on the page Webhooks.');
  }
  showMeaning();
  return topics.length > 0 && h('details.card', {}, h('summary', {}, 'Trigger webhook'), h('form', { onsubmit: trigger },
    field('Topic', topic), meaning, h('button', { type: 'submit' }, 'Trigger webhook'), status.element));
}

function timelineEntry(entry) {
  const title = entry.link ? h('a', { href: entry.link }, entry.title) : entry.title;
  return h('li', { class: `timeline-entry ${entry.kind}` },
    h('p.title', {}, h('strong', {}, title), entry.amount && h('span.amount', {}, entry.amount), entry.state && badge(entry.state).element),
    entry.text && h('p', {}, entry.text), h('time', { class: 'faint' }, `${dateTime(entry.at)} UTC`));
}
