/** The refund form of each API: its own fields, the request as curl while it is filled in, and the raw reply. */

import { authHeader, curl, getControl, getCredentials, send } from './api.js';
import { codeBlock, copyButton, replyBlock } from './components.js';
import { field, h, select, setChildren } from './dom.js';
import { callerName, money, toMinorUnits } from './format.js';

/** A form for an order of the state document: `element`, and `update(order, summary)` for a changed order. */
export async function refundForm(api, order) {
  const [credentials, { scenarios }, settings] = await Promise.all([getCredentials(api), getControl('/scenarios'), getControl('/settings')]);
  const caller = select(credentials.map((one, index) => [String(index), callerName(one)]), '0');
  const scenario = select([['', 'none'], ...scenarios.map((one) => [one.name, one.name])], '');
  const form = api === 'funnelfox' ? funnelfoxFields(order) : fluentcartFields(order, settings.fluentcart.version);
  const preview = codeBlock('Request', '', { actions: [copyButton('Copy as curl', () => curl(request()))], kind: 'curl' });
  const reply = h('div', { 'aria-live': 'polite' });
  const element = h('form.refund-form', { onsubmit: submit },
    h('div.fields', {}, form.fields, field('Credentials', caller), field('X-Sandbox-Scenario', scenario, 'Enables a scenario for this request only.')),
    preview.element, h('button.primary', { type: 'submit' }, 'Send refund'), reply);

  let sending = false;

  function request() {
    const { path, body } = form.request();
    const headers = { 'Content-Type': 'application/json', ...authHeader(api, credentials[Number(caller.value)]) };
    if (scenario.value) headers['X-Sandbox-Scenario'] = scenario.value;
    return { method: 'POST', path, headers, body: JSON.stringify(body) };
  }
  function showPreview() {
    preview.code.textContent = curl(request());
  }
  async function submit(event) {
    event.preventDefault();
    if (sending) return; // a disabled button would lose the focus
    sending = true;
    setChildren(reply, h('p.loading', {}, 'Sending …'));
    setChildren(reply, replyBlock(await send(request())));
    sending = false;
  }
  element.addEventListener('input', showPreview);
  element.addEventListener('change', showPreview);
  showPreview();
  return {
    element,
    update(document, summary) {
      form.update(document, summary);
      showPreview();
    },
  };
}

/** FunnelFox: the amount is decimal text, or left out for all of the refundable amount. */
function funnelfoxFields(order) {
  const customer = h('input', { value: order.external_id, required: true });
  const amount = h('input', { inputmode: 'decimal', placeholder: 'full refundable amount' });
  const reason = h('input', { maxlength: 256 });
  const comment = h('input', { maxlength: 2048 });
  const soft = h('input', { type: 'checkbox' });
  return {
    fields: [
      field('amount', amount, 'Major units, as text. Empty: the full refundable amount.'), field('external_id', customer),
      field('reason', reason), field('comment', comment), h('div.check', {}, field('soft_refund: keep the subscription', soft)),
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

const FLAG = [['', 'not sent'], ['false', 'false'], ['true', 'true']];

/** FluentCart: the amount of one charge, as a number in the units of the version. */
function fluentcartFields(order, version) {
  const inMajorUnits = version === '1.3.25';
  const charges = order.transactions.filter((row) => row.transaction_type === 'charge');
  const charge = select(charges.map((row) => [String(row.id), `${row.id}: ${money(row.total, 2, row.currency)}`]), String((charges[0] || {}).id));
  const amount = h('input', { inputmode: 'decimal', required: true });
  const converted = h('output', {});
  const reason = h('input', {});
  const cancel = select(FLAG, '');
  const stock = select(FLAG, '');
  let edited = false;
  const amountValue = () => (amount.value.trim() === '' || Number.isNaN(Number(amount.value)) ? amount.value : Number(amount.value));
  const showConverted = () => {
    const cents = inMajorUnits ? toMinorUnits(amount.value, 2) : Number(amount.value || NaN);
    converted.textContent = Number.isInteger(cents) ? `= ${money(cents, 2, order.currency)}` : '';
  };
  amount.addEventListener('input', () => { edited = true; showConverted(); });
  const hasSubscription = order.subscriptions.length > 0 || order.transactions.some((row) => row.subscription_id);
  return {
    fields: [
      h('div.with-output', {}, field('amount', amount, `${inMajorUnits ? 'Major' : 'Minor'} units (FluentCart ${version})`), converted),
      field('transaction_id', charge), field('reason', reason),
      hasSubscription && field('cancelSubscription', cancel), order.items.length > 0 && field('manageStock', stock),
    ],
    update(document, summary) {
      if (edited && document.total_refund === order.total_refund) return;
      order = document;
      edited = false;
      const refundable = Math.max(summary.left, 0);
      amount.value = inMajorUnits ? String(refundable / 100) : String(refundable);
      showConverted();
    },
    request() {
      const info = { transaction_id: Number(charge.value) || 0, amount: amountValue() };
      if (reason.value) info.reason = reason.value;
      if (cancel.value) info.cancelSubscription = cancel.value;
      if (stock.value) info.manageStock = stock.value;
      if (stock.value === 'true') info.refunded_items = order.items.map((item) => ({ id: item.id, restore_quantity: item.quantity }));
      return { path: `/wp-json/fluent-cart/v2/orders/${order.id}/refund`, body: { refund_info: info } };
    },
  };
}
