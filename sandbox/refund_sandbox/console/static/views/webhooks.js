/** Webhooks: who is told, what was sent and what came of it, and sending it again. */

import { control, read } from '../api.js';
import { careful, field, fill, h, soon } from '../dom.js';
import { NAMES, pretty, when } from '../format.js';
import { listen } from '../connection.js';
import { badge, block, copier, empty, failure, outcome } from '../components.js';
import { windowed } from '../virtual_list.js';

export async function open(root, [id]) {
  let deliveries = [];
  let chosen = id ? Number(id) : null;
  let shown = null;
  const said = outcome();
  const targets = h('div.columns');
  const detail = h('div.detail', { 'aria-live': 'polite' });
  const nothing = h('div', { hidden: true });
  const list = windowed({ label: 'Deliveries', height: 52, key: (one) => one.id, row, choose: (one) => { chosen = one.id; show(); } });
  fill(root, h('div.head', {}, h('h1', {}, 'Webhooks'), said.element), targets, h('h2', {}, 'Deliveries'),
    h('div.split', {}, h('div.side', {}, list.element, nothing), detail));

  async function lookAtTargets() {
    const document = await read('/webhooks/targets');
    fill(targets, Object.entries(document).map(([api, known]) => targetsOf(api, known, put)));
  }
  async function put(api, wanted) {
    await said.of(() => control('PUT', '/webhooks/targets', { [api]: wanted }), 'The targets are kept.');
    await lookAtTargets();
  }
  async function look() {
    try {
      deliveries = (await read('/webhooks/deliveries?limit=1000')).deliveries;
    } catch (error) {
      return fill(detail, failure(error, look));
    }
    list.show(deliveries);
    list.select(chosen);
    list.element.hidden = deliveries.length === 0;
    nothing.hidden = deliveries.length > 0;
    fill(nothing, empty('Nothing was sent yet. Add a target above and refund an order.'));
    return show();
  }
  function show() {
    const one = deliveries.find((delivery) => delivery.id === chosen);
    const text = JSON.stringify(one);
    if (text === shown) return;
    shown = text;
    if (!one) return fill(detail, empty(chosen ? `No delivery ${chosen} is remembered.` : 'Choose a delivery to see its payload, its signature and every attempt.'));
    fill(detail, describe(one, () => said.of(() => control('POST', `/webhooks/deliveries/${one.id}/replay`, {}), 'Sent again.').then(look)));
  }
  const again = soon(look);
  const ends = [listen('delivery', again), listen('world', () => { again(); lookAtTargets().catch(() => {}); })];
  await Promise.all([lookAtTargets(), look()]);
  return () => ends.forEach((end) => end());
}

/** The address of a target, under the name that its API has for it. */
const FIELDS = { funnelfox: 'url', fluentcart: 'request_url' };

function targetsOf(api, known, put) {
  const address = FIELDS[api];
  const url = h('input', { type: 'url', required: true, placeholder: 'http://127.0.0.1:9000/hook' });
  const secret = api === 'funnelfox' && h('input', { autocomplete: 'off' });
  const add = (event) => {
    event.preventDefault();
    const target = { [address]: url.value };
    if (secret && secret.value) target.signing_secret = secret.value;
    put(api, [...known, target]);
  };
  const lines = known.map((target, place) => h('li', {},
    h('label', {}, h('input', { type: 'checkbox', checked: target.enabled, onchange: (event) => put(api, known.with(place, { ...target, enabled: event.target.checked })) }), ' ', h('span', {}, target[address])),
    target.signing_secret && h('span.faint', {}, 'signed'), careful('Remove', 'Really remove?', () => put(api, known.toSpliced(place, 1)))));
  const how = api === 'funnelfox' ? 'Signed with ff-webhook-signature where a secret is set, and tried again.' : 'Unsigned, full refunds and cancellations only, never tried again: as the plugin does.';
  return h('section.card', {}, h('h2', {}, `${NAMES[api]} targets`), h('p.faint', {}, how),
    lines.length ? h('ul.list', {}, lines) : empty('Nobody is told.'),
    h('form.fields', { onsubmit: add }, field('URL', url), secret && field('Signing secret', secret), h('button', { type: 'submit' }, 'Add')));
}

function row(one) {
  return [
    h('span.line', {}, badge(one.state).element, h('strong', {}, one.topic), one.fault && h('span.mark', {}, one.fault)),
    h('span', { class: 'line faint' }, h('span.clip', {}, one.url), h('span', {}, one.attempts.length === 1 ? '1 attempt' : `${one.attempts.length} attempts`)),
  ];
}

function describe(one, replay) {
  const headers = Object.entries(one.headers).map(([name, value]) => `${name}: ${value}`).join('\n');
  const attempts = one.attempts.map((attempt) => h('li', {}, Object.entries(attempt).map(([name, value]) => `${name} ${value}`).join(' · ')));
  return [
    h('header', {}, h('h2', {}, one.topic), badge(one.state).element),
    h('p.faint', {}, `${NAMES[one.api]} → ${one.url} · event ${one.event_id} · ${when(one.created_at)} UTC${one.due ? ` · next attempt ${when(one.due)}` : ''}`),
    h('p.actions', {}, h('button', { type: 'button', onclick: replay }, 'Send again'), copier('Copy payload', () => pretty(one.body))),
    block('Payload', pretty(one.body)).element, block('Headers and signature', headers || '(none)').element,
    h('h3', {}, 'Attempts'), attempts.length ? h('ol', {}, attempts) : h('p.faint', {}, 'None yet.'),
  ];
}
