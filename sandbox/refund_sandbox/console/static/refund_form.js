/** The refund form of an order: the fields of its API, the request as curl while it is filled in, and the raw reply. */

import { bodyText, callerOf, control, curl, getControl, getCredentials, send } from './api.js';
import { codeBlock, copyButton, errorNotice, replyBlock } from './components.js';
import { field, h, select, setChildren } from './dom.js';
import { money, toMinorUnits } from './format.js';

const formPath = (api, id) => `/${api}/orders/${encodeURIComponent(id)}/refund-form`;

/** The fields of an order's refund, with their first values. */
export async function readFields(api, id) {
  return (await getControl(formPath(api, id))).fields;
}

/** The request of an order's refund. `values` are texts by the name of the field. */
export function buildRefund(api, id, values) {
  return control('POST', formPath(api, id), { values });
}

/** A form for the refund of an order: `element`, and `show(fields, summary)` for new fields or amounts. */
export async function refundForm(api, id) {
  const [credentials, { scenarios }] = await Promise.all([getCredentials(api), getControl('/scenarios')]);
  const caller = select(credentials.map((one, index) => [String(index), one.label]), '0');
  const scenario = select([['', 'none'], ...scenarios.map((one) => [one.name, one.name])], '');
  const ownFields = [field('Credentials', caller), field('X-Sandbox-Scenario', scenario, 'Enables a scenario for this request only.')];
  const inputs = h('div.fields');
  const preview = codeBlock('Request', '', { actions: [copyButton('Copy as curl', () => preview.code.textContent)], kind: 'curl' });
  const reply = h('div', { 'aria-live': 'polite' });
  const element = h('form.refund-form', { onsubmit: submit, oninput: showPreview },
    inputs, preview.element, h('button.primary', { type: 'submit' }, 'Send refund'), reply);
  let controls = [];
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
  async function showPreview() {
    const number = ++previews;
    const text = await request().then((built) => curl(built), (error) => error.message);
    if (number === previews) preview.code.textContent = text;
  }
  async function submit(event) {
    event.preventDefault();
    if (sending) return; // a disabled button would lose the focus
    sending = true;
    setChildren(reply, h('p.loading', {}, 'Sending …'));
    setChildren(reply, await request().then(send).then(replyBlock, errorNotice));
    sending = false;
  }
  return {
    element,
    async show(fields, summary) {
      const next = JSON.stringify(fields.map((one) => ({ ...one, value: '' })));
      const isNew = next !== shape;
      shape = next;
      if (isNew) controls = fields.map(fieldControl);
      controls.forEach((one, index) => one.show(fields[index].value, summary));
      if (isNew) {
        caller.value = String(callerOf(credentials, await build()));
        setChildren(inputs, controls.map((one) => one.element), ownFields);
      }
      await showPreview();
    },
  };
}

/** Control of a field: `name`, `element`, `read()`, and `show(value, summary)`. A text that the user changed stays until the value changes. */
function fieldControl({ name, kind, label, hint, required, decimals, choices }) {
  const isFlag = kind === 'flag';
  const isAmount = kind === 'amount';
  const input = kind === 'choice' ? select(choices, '') : h('input', { type: isFlag ? 'checkbox' : 'text', required, inputmode: isAmount && 'decimal' });
  const converted = h('output');
  const labelled = field(label || name, input, hint);
  let [shown, order] = [null, null];
  const showConverted = () => {
    const minorUnits = toMinorUnits(input.value, decimals);
    converted.textContent = Number.isNaN(minorUnits) ? '' : `= ${money(minorUnits, order.decimals, order.currency)}`;
  };
  if (isAmount) input.addEventListener('input', showConverted);
  return {
    name,
    element: isAmount ? h('div.with-output', {}, labelled, converted) : isFlag ? h('div.check', {}, labelled) : labelled,
    read: () => (isFlag ? String(input.checked || '') : isAmount ? input.value.trim() : input.value),
    show(value, summary) {
      order = summary;
      if (value !== shown) [input.value, input.checked, shown] = [value, value === 'true', value];
      if (isAmount) showConverted();
    },
  };
}
