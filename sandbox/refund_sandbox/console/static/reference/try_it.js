/** A form that sends an operation, prefilled with what the demo world has. */

import { base, call, credential, credentials, curl, read } from '../api.js';
import { choice, field, fill, h } from '../dom.js';
import { block, copier, replyBlock } from '../components.js';
import { example } from './schema.js';

const DEMO = {
  funnelfox: {
    org_id: 'your-org-id', external_id: 'user_456', order_id: '3c90c3cc-0d44-4b50-8888-8dd25736052a', amount: '4.99',
    subs_id: '00000000-0000-4000-9000-000000000001', pp_ident: 'premium_monthly_999', email: 'user@example.test', email_address: 'user@example.test',
    region: 'default', integration_type: 'primer', payment_method_token: 'pm_4242424242424242',
  },
  fluentcart: {
    order_id: 1001, order: 1001, transaction_id: 129237, transaction: 129237, amount: 2500, customer_id: 11, subscription_id: 301, subscription: 301,
    action: 'change_order_status', order_ids: [1010], cancel_reason: 'customer_request', reason: 'requested_by_customer',
  },
};
const BASES = { funnelfox: '/{org_id}/v1', fluentcart: '/wp-json/fluent-cart/v2' };

/** What stands for each field: the demo world's values, or those of the order that the address names. */
async function samplesOf(api, orderId) {
  if (!orderId) return DEMO[api];
  const order = await read(`/${api}/orders/${encodeURIComponent(orderId)}`);
  if (api === 'funnelfox') {
    const { org_id, external_id, order_id, amount, pp_ident, subs_id } = order;
    return { ...DEMO[api], org_id, external_id, order_id, amount, ...(pp_ident && { pp_ident }), ...(subs_id && { subs_id }) };
  }
  const charge = order.transactions.find((row) => row.transaction_type === 'charge') || {};
  const [subscription] = order.subscriptions;
  const ids = { order_id: order.id, order: order.id, transaction_id: charge.id, transaction: charge.id, amount: charge.total, customer_id: order.customer_id };
  return { ...DEMO[api], ...ids, ...(subscription && { subscription_id: subscription.id, subscription: subscription.id }) };
}

export async function trial(api, spec, operation, parameters, schema, orderId) {
  const [samples, who] = await Promise.all([samplesOf(api, orderId), credentials(api)]);
  const caller = choice([...who.map((one, place) => [String(place), one.login || `${one.key} (${one.group})`]), ['', 'nobody']], who.length ? '0' : '');
  const inputs = Object.fromEntries(parameters.map((one) => [one.name, h('input', { value: String(samples[one.name] ?? ''), required: true })]));
  const query = operation.method === 'GET' && h('input', { placeholder: 'page=1&per_page=10' });
  const body = schema && h('textarea', { rows: 7, spellcheck: 'false' });
  if (body) body.value = JSON.stringify(example(spec, schema, samples), null, 2);
  const preview = block('Request', '', { actions: [copier('Copy as curl', () => curl(request()))], kind: 'curl' });
  const reply = h('div', { 'aria-live': 'polite' });
  const element = h('form.card.refund-form', { onsubmit: send, 'aria-label': 'Try it' }, h('h2', {}, 'Try it'),
    h('div.fields', {}, Object.entries(inputs).map(([name, input]) => field(name, input)), query && field('Query', query), field('Caller', caller)),
    body && field('Body', body), preview.element, h('button.primary', { type: 'submit' }, 'Send'),
    h('p.faint', {}, 'It is sent to this workspace, and changes it. ', h('a', { href: `${base}/#/requests` }, 'See what came of it')), reply);

  function request() {
    const path = (BASES[api] + operation.path).replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(inputs[name] ? inputs[name].value : samples[name]));
    const headers = { ...(body ? { 'Content-Type': 'application/json' } : {}), ...(caller.value ? credential(api, who[Number(caller.value)]) : {}) };
    return { method: operation.method, path: path + (query && query.value ? `?${query.value}` : ''), headers, body: body ? compact(body.value) : '' };
  }
  const show = () => { preview.code.textContent = curl(request()); };
  async function send(event) {
    event.preventDefault();
    fill(reply, replyBlock(await call(request())));
  }
  element.addEventListener('input', show);
  element.addEventListener('change', show);
  show();
  return element;
}

/** JSON on one line; what is no JSON is sent as it is, as a client with a mistake would. */
function compact(text) {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}
