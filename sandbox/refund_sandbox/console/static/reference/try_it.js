/** Form that sends an operation; its fields start with values of the demo orders. */

import { authHeader, base, curl, getControl, getCredentials, send } from '../api.js';
import { codeBlock, copyButton, replyBlock } from '../components.js';
import { field, h, select, setChildren } from '../dom.js';
import { callerName } from '../format.js';
import { example } from './schema.js';

const DEMO_VALUES = {
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
const BASE_PATHS = { funnelfox: '/{org_id}/v1', fluentcart: '/wp-json/fluent-cart/v2' };

/** Values by field name: those of the order in the address, or of the demo orders. */
async function sampleValues(api, orderId) {
  if (!orderId) return DEMO_VALUES[api];
  const order = await getControl(`/${api}/orders/${encodeURIComponent(orderId)}`);
  if (api === 'funnelfox') {
    const { org_id, external_id, order_id, amount, pp_ident, subs_id } = order;
    return { ...DEMO_VALUES[api], org_id, external_id, order_id, amount, ...(pp_ident && { pp_ident }), ...(subs_id && { subs_id }) };
  }
  const charge = order.transactions.find((row) => row.transaction_type === 'charge') || {};
  const [subscription] = order.subscriptions;
  const ids = { order_id: order.id, order: order.id, transaction_id: charge.id, transaction: charge.id, amount: charge.total, customer_id: order.customer_id };
  return { ...DEMO_VALUES[api], ...ids, ...(subscription && { subscription_id: subscription.id, subscription: subscription.id }) };
}

export async function tryItForm(api, spec, operation, parameters, schema, orderId) {
  const [samples, credentials] = await Promise.all([sampleValues(api, orderId), getCredentials(api)]);
  const caller = select([...credentials.map((one, index) => [String(index), callerName(one)]), ['', 'none']], credentials.length ? '0' : '');
  const inputs = Object.fromEntries(parameters.map((one) => [one.name, h('input', { value: String(samples[one.name] ?? ''), required: true })]));
  const query = operation.method === 'GET' && h('input', { placeholder: 'page=1&per_page=10' });
  const body = schema && h('textarea', { rows: 7, spellcheck: 'false' });
  if (body) body.value = JSON.stringify(example(spec, schema, samples), null, 2);
  const preview = codeBlock('Request', '', { actions: [copyButton('Copy as curl', () => curl(request()))], kind: 'curl' });
  const reply = h('div', { 'aria-live': 'polite' });
  const element = h('form.card.refund-form', { onsubmit: submit, 'aria-label': 'Try it' }, h('h2', {}, 'Try it'),
    h('div.fields', {}, Object.entries(inputs).map(([name, input]) => field(name, input)), query && field('Query', query), field('Credentials', caller)),
    body && field('Body', body), preview.element, h('button.primary', { type: 'submit' }, 'Send'),
    h('p.faint', {}, 'The request goes to this workspace and changes its data. ', h('a', { href: `${base}/#/requests` }, 'View result')), reply);

  function request() {
    const path = (BASE_PATHS[api] + operation.path).replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(inputs[name] ? inputs[name].value : samples[name]));
    const headers = { ...(body ? { 'Content-Type': 'application/json' } : {}), ...(caller.value ? authHeader(api, credentials[Number(caller.value)]) : {}) };
    return { method: operation.method, path: path + (query && query.value ? `?${query.value}` : ''), headers, body: body ? onOneLine(body.value) : '' };
  }
  const showPreview = () => { preview.code.textContent = curl(request()); };
  async function submit(event) {
    event.preventDefault();
    setChildren(reply, replyBlock(await send(request())));
  }
  element.addEventListener('input', showPreview);
  element.addEventListener('change', showPreview);
  showPreview();
  return element;
}

/** JSON on one line. Invalid JSON stays unchanged, so that a client's mistake can be sent. */
function onOneLine(text) {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}
