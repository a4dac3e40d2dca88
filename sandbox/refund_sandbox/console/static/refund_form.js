/** The refund form of an order: the fields of its API, the raw reply, and the request as curl while it is filled in. */

import { bodyText, callerOf, control, curl, getControl, getCredentials, send } from './api.js';
import { codeBlock, copyButton, errorNotice, replyBlock, statusBadge } from './components.js';
import { field, h, select, setChildren } from './dom.js';
import { decimalText, money, toMinorUnits } from './format.js';

const formPath = (api, id) => `/${api}/orders/${encodeURIComponent(id)}/refund-form`;

/** The fields of an order's refund, with their first values. */
export async function readFields(api, id) {
  return (await getControl(formPath(api, id))).fields;
}

/** The request of an order's refund. `values` are texts by the name of the field. */
export function buildRefund(api, id, values) {
  return control('POST', formPath(api, id), { values });
}

/** Whether a scenario has a fault for an API, or for every API. */
const canHit = (scenario, api) => scenario.faults.some((fault) => !fault.api || fault.api === api);

/** A form for the refund of an order: `element`, and `show(fields, summary)` for new fields or amounts. */
export async function refundForm(api, id) {
  const [credentials, { scenarios }] = await Promise.all([getCredentials(api), getControl('/scenarios')]);
  const caller = select(credentials.map((one, index) => [String(index), one.label]), '0');
  const scenario = select([['', 'none'], ...scenarios.filter((one) => canHit(one, api)).map((one) => [one.name, one.name])], '');
  const ownFields = [field('Credentials', caller), field('X-Sandbox-Scenario', scenario, 'Enables a scenario for this request only.')];
  const inputs = h('div.fields');
  const hint = h('p.faint', { hidden: true }, 'Nothing is left to refund. The API refuses another refund.');
  const button = h('button.primary', { type: 'submit' });
  const outcome = h('span', { role: 'status' });
  const reply = h('div');
  const preview = codeBlock('Request', '', { actions: [copyButton('Copy as curl', () => preview.code.textContent)], kind: 'curl' });
  const element = h('form.refund-form', { onsubmit: submit, oninput: showChange },
    inputs, hint, h('p.actions', {}, button, outcome), reply, preview.element);
  let controls = [];
  let order = null;
  let shape = '';
  let previews = 0;
  let sending = false;

  const build = () => buildRefund(api, id, Object.fromEntries(controls.map((one) => [one.name, one.read()])));
  async function request() {
    const built = await build();
    const headers = { ...built.headers, ...(credentials.length ? credentials[Number(caller.value)].headers : {}) };
    if (scenario.value) headers['X-Sandbox-Scenario'] = scenario.value;
    return { ...built, headers, body: bodyText(built.body) };
  }
  function showChange() {
    button.textContent = buttonLabel(controls.find((one) => one.minorUnits), order);
    return showPreview();
  }
  async function showPreview() {
    const number = ++previews;
    const text = await request().then((built) => curl(built), (error) => error.message);
    if (number === previews) preview.code.textContent = text;
  }
  async function submit(event) {
    event.preventDefault();
    if (sending) return; // a disabled button would lose the focus
    sending = true;
    setChildren(outcome, 'Sending …');
    const result = await request().then(send).catch((error) => ({ error }));
    setChildren(outcome, result.error ? '' : result.broken ? h('span.badge.bad', {}, 'no reply') : [statusBadge(result.status), ' ', h('span.faint', {}, `${result.ms} ms`)]);
    setChildren(reply, result.error ? errorNotice(result.error) : replyBlock(result));
    reply.scrollIntoView({ block: 'nearest' });
    sending = false;
  }
  return {
    element,
    async show(fields, summary) {
      const next = JSON.stringify(fields.map((one) => ({ ...one, value: '' })));
      const isNew = next !== shape;
      shape = next;
      order = summary;
      hint.hidden = summary.left > 0;
      if (isNew) controls = fields.map((one) => fieldControl(one, summary));
      controls.forEach((one, index) => one.show(fields[index].value));
      if (isNew) {
        caller.value = String(callerOf(credentials, await build()));
        setChildren(inputs, controls.map((one) => one.element), ownFields);
      }
      await showChange();
    },
  };
}

/** "Refund 75.00 USD" for a valid amount. Without an amount, APIs refund all that is left. */
function buttonLabel(amountField, order) {
  if (order.left <= 0) return 'Send anyway';
  const minorUnits = amountField ? amountField.minorUnits() ?? order.left : order.left;
  return Number.isNaN(minorUnits) ? 'Send refund' : `Refund ${money(minorUnits, order.decimals, order.currency)}`;
}

/** Control of a field: `name`, `element`, `read()` as the API takes it, and `show(value)`. What the user typed stays until the value changes. */
function fieldControl(one, summary) {
  if (one.kind === 'amount') return amountControl(one, summary);
  const { name, kind, label, hint, required, choices } = one;
  const isFlag = kind === 'flag';
  const input = kind === 'choice' ? select(choices, '') : h('input', { type: isFlag ? 'checkbox' : 'text', required });
  const labelled = field(label || name, input, hint);
  let shown = null;
  return {
    name,
    element: isFlag ? h('div.check', {}, labelled) : labelled,
    read: () => (isFlag ? String(input.checked || '') : input.value),
    show(value) {
      if (value !== shown) [input.value, input.checked, shown] = [value, value === 'true', value];
    },
  };
}

/**
 * Amount in the order's currency. The API gets it with the field's own number of decimals, and the form shows that number too.
 * `minorUnits()` is undefined for an empty field, NaN for text that is not an amount.
 */
function amountControl({ name, label, hint, required, decimals }, { decimals: orderDecimals, currency }) {
  const example = decimalText(25 * 10 ** orderDecimals, orderDecimals);
  const input = h('input', { type: 'text', inputmode: 'decimal', autocomplete: 'off', required });
  const sent = h('output', {});
  const minorUnits = () => (input.value.trim() ? toMinorUnits(input.value, orderDecimals) : undefined);
  const read = () => (minorUnits() === undefined ? '' : Number.isNaN(minorUnits()) ? input.value.trim() : decimalText(minorUnits(), decimals));
  let shown = null;
  function check() {
    const isWrong = Number.isNaN(minorUnits());
    input.setCustomValidity(isWrong ? `Enter an amount in ${currency}, such as ${example}.` : '');
    sent.textContent = isWrong ? 'Not an amount' : minorUnits() === undefined ? '' : `sent as ${read()}`;
  }
  input.addEventListener('input', check);
  return {
    name,
    minorUnits,
    read,
    element: h('div.with-output', {}, field(`${label || name} in ${currency}`, input, hint), sent),
    show(value) {
      if (value !== shown) {
        input.value = value ? decimalText(toMinorUnits(value, decimals), orderDecimals) : '';
        shown = value;
      }
      check();
    },
  };
}
