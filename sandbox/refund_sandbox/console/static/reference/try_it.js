/** Form that sends an operation; its fields start with values of the demo orders. */

import { adminHeaders, base, callerOf, getCredentials, send } from '../api.js';
import { LANGUAGES } from '../code_samples.js';
import { codeBlock, copyButton, replyBlock } from '../components.js';
import { field, h, select, setChildren } from '../dom.js';
import { buildRefund, readFields } from '../refund_form.js';
import { example } from './schema.js';

/** The refund of an order with the first values of its form. */
async function refundOf(api, orderId) {
  const fields = await readFields(api, orderId);
  return buildRefund(api, orderId, Object.fromEntries(fields.map((one) => [one.name, one.value])));
}

/** The values that a path has at the placeholders of a template. */
function pathValues(template, path) {
  const { groups } = new RegExp(`^${template.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`).exec(path) || {};
  return Object.fromEntries(Object.entries(groups || {}).map(([name, value]) => [name, decodeURIComponent(value)]));
}

/** The credentials of an API. The control API has the admin token, or none. */
async function credentialsOf(api) {
  if (!api.isControl) return getCredentials(api.name);
  return Object.keys(adminHeaders()).length ? [{ label: 'admin token', headers: adminHeaders() }] : [];
}

/**
 * The form starts with the demo orders' values. With an id, the operation that refunds starts with the values of that order, and another
 * one has the id in its path.
 */
export async function tryItForm(api, spec, operation, parameters, schema, id) {
  const template = api.mount + operation.path;
  const isRefund = id && operation.operationId === api.refund_operation;
  const [credentials, refund] = await Promise.all([credentialsOf(api), isRefund && refundOf(api.name, id)]);
  const given = id && parameters.length === 1 ? { [parameters[0].name]: id } : {};
  const samples = { ...api.samples, ...given, ...(refund && pathValues(template, refund.path)) };
  const caller = select([...credentials.map((one, index) => [String(index), one.label]), ['', 'none']], credentials.length ? String(refund ? callerOf(credentials, refund) : 0) : '');
  const inputs = Object.fromEntries(parameters.map((one) => [one.name, h('input', { value: String(samples[one.name] ?? ''), required: true })]));
  const query = operation.method === 'GET' && h('input', { placeholder: 'page=1&per_page=10' });
  const body = schema && h('textarea', { rows: 7, spellcheck: 'false' });
  if (body) body.value = JSON.stringify(refund ? refund.body : example(spec, schema, samples), null, 2);
  const language = select(Object.keys(LANGUAGES), Object.keys(LANGUAGES)[0], { 'aria-label': 'Language' });
  const preview = codeBlock('Request', '', { actions: [language, copyButton('Copy', () => preview.code.textContent)], kind: 'curl' });
  const reply = h('div', { 'aria-live': 'polite' });
  const element = h('form.card.refund-form', { onsubmit: submit, 'aria-label': 'Try it' }, h('h2', {}, 'Try it'),
    h('div.fields', {}, Object.entries(inputs).map(([name, input]) => field(name, input)), query && field('Query', query), field('Credentials', caller)),
    body && field('Body', body), preview.element, h('button.primary', { type: 'submit' }, 'Send'),
    h('p.faint', {}, 'The request goes to this workspace and changes its data. ', h('a', { href: `${base}/#/requests` }, 'View result')), reply);

  function request() {
    const chosen = credentials[caller.value] || { headers: {} };
    const path = template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(inputs[name] ? inputs[name].value : chosen[name] ?? samples[name]));
    const headers = { ...(operation.method === 'GET' ? {} : { 'Content-Type': 'application/json' }), ...chosen.headers };
    return { method: operation.method, path: path + (query && query.value ? `?${query.value}` : ''), headers, body: body ? onOneLine(body.value) : '' };
  }
  const showPreview = () => { preview.code.textContent = LANGUAGES[language.value](request()); };
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
