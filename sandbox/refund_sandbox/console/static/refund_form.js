/** The refund form of each API: its own fields, the request as curl while it is filled in, and the raw reply. */

import { call, credential, credentials, curl, read } from './api.js';
import { choice, field, fill, h } from './dom.js';
import { minor, money } from './format.js';
import { block, copier, replyBlock } from './components.js';

/** A form for an order as in the state document: `element`, and `update(order, summary)` when the order has changed. */
export async function refundForm(api, order) {
  const [who, { scenarios }, settings] = await Promise.all([credentials(api), read('/scenarios'), read('/settings')]);
  const caller = choice(who.map((one, place) => [String(place), name(one)]), '0');
  const scenario = choice([['', 'none'], ...scenarios.map((one) => [one.name, one.name])], '');
  const form = api === 'funnelfox' ? funnelfox(order) : fluentcart(order, settings.fluentcart.version);
  const preview = block('Request', '', { actions: [copier('Copy as curl', () => curl(request()))], kind: 'curl' });
  const reply = h('div', { 'aria-live': 'polite' });
  const send = h('button.primary', { type: 'submit' }, 'Send the refund');
  const element = h('form.refund-form', { onsubmit: submit },
    h('div.fields', {}, form.fields, field('Caller', caller), field('X-Sandbox-Scenario', scenario, 'makes this one call fail')),
    preview.element, send, reply);

  let busy = false;

  function request() {
    const { path, body } = form.request();
    const chosen = who[Number(caller.value)];
    const headers = { 'Content-Type': 'application/json', ...credential(api, chosen) };
    if (scenario.value) headers['X-Sandbox-Scenario'] = scenario.value;
    return { method: 'POST', path, headers, body: JSON.stringify(body) };
  }
  function show() {
    preview.code.textContent = curl(request());
  }
  async function submit(event) {
    event.preventDefault();
    if (busy) return; // not disabled: that would take the focus away
    busy = true;
    fill(reply, h('p.loading', {}, 'Sent …'));
    fill(reply, replyBlock(await call(request())));
    busy = false;
  }
  element.addEventListener('input', show);
  element.addEventListener('change', show);
  show();
  return {
    element,
    update(document, summary) {
      form.update(document, summary);
      show();
    },
  };
}

function name(one) {
  return one.login || `${one.key} (${one.group})`;
}

/** FunnelFox: decimal text, or nothing for all that is left. */
function funnelfox(order) {
  const customer = h('input', { value: order.external_id, required: true });
  const amount = h('input', { inputmode: 'decimal', placeholder: 'all that is left' });
  const reason = h('input', { maxlength: 256 });
  const comment = h('input', { maxlength: 2048 });
  const soft = h('input', { type: 'checkbox' });
  return {
    fields: [
      field('amount', amount, 'major units, as text; empty gives back all that is left'), field('external_id', customer),
      field('reason', reason), field('comment', comment), h('div.check', {}, field('soft_refund: leave the subscription as it is', soft)),
    ],
    update() {},
    request() {
      const body = { external_id: customer.value, order_id: order.order_id };
      if (amount.value.trim()) body.amount = amount.value.trim();
      if (reason.value) body.reason = reason.value;
      if (comment.value) body.comment = comment.value;
      if (soft.checked) body.soft_refund = true;
      return { path: `/${encodeURIComponent(order.org_id)}/v1/payment/refund`, body };
    },
  };
}

/** FluentCart: a number in the units of its version, of one charge. */
function fluentcart(order, version) {
  const major = version === '1.3.25';
  const charges = order.transactions.filter((row) => row.transaction_type === 'charge');
  const charge = choice(charges.map((row) => [String(row.id), `${row.id}: ${money(row.total, 2, row.currency)}`]), String((charges[0] || {}).id));
  const amount = h('input', { inputmode: 'decimal', required: true });
  const meaning = h('output', {});
  const reason = h('input', {});
  const cancel = choice([['', 'not sent'], ['false', 'false'], ['true', 'true']], '');
  const stock = choice([['', 'not sent'], ['false', 'false'], ['true', 'true']], '');
  let touched = false;
  const number = () => (amount.value.trim() === '' || Number.isNaN(Number(amount.value)) ? amount.value : Number(amount.value));
  const explain = () => {
    const cents = major ? minor(amount.value, 2) : Number(amount.value || NaN);
    meaning.textContent = Number.isInteger(cents) ? `= ${money(cents, 2, order.currency)}` : '';
  };
  amount.addEventListener('input', () => { touched = true; explain(); });
  const subscribed = order.subscriptions.length > 0 || order.transactions.some((row) => row.subscription_id);
  return {
    fields: [
      h('div.with-meaning', {}, field('amount', amount, major ? 'major units, as 1.3.25 reads them' : 'minor units, as 1.6.2 reads them'), meaning),
      field('transaction_id', charge), field('reason', reason),
      subscribed && field('cancelSubscription', cancel), order.items.length > 0 && field('manageStock', stock),
    ],
    update(document, summary) {
      if (touched && document.total_refund === order.total_refund) return;
      order = document;
      touched = false;
      const left = Math.max(summary.left, 0);
      amount.value = major ? String(left / 100) : String(left);
      explain();
    },
    request() {
      const info = { transaction_id: Number(charge.value) || 0, amount: number() };
      if (reason.value) info.reason = reason.value;
      if (cancel.value) info.cancelSubscription = cancel.value;
      if (stock.value) info.manageStock = stock.value;
      if (stock.value === 'true') info.refunded_items = order.items.map((item) => ({ id: item.id, restore_quantity: item.quantity }));
      return { path: `/wp-json/fluent-cart/v2/orders/${order.id}/refund`, body: { refund_info: info } };
    },
  };
}
