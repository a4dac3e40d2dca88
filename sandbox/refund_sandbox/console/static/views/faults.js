/** The catalogue of failures as switches: how often, and for every order or one; and what is armed now. */

import { control, read } from '../api.js';
import { choice, field, fill, h, soon } from '../dom.js';
import { words } from '../format.js';
import { listen } from '../connection.js';
import { empty, failure, outcome } from '../components.js';

const TIMES = [['1', 'once'], ['2', 'twice'], ['3', '3 times'], ['10', '10 times'], ['always', 'always']];

export async function open(root) {
  const { scenarios } = await read('/scenarios');
  const order = h('input', { placeholder: 'every order', autocomplete: 'off', spellcheck: 'false' });
  const api = choice([['', 'both APIs'], ['fluentcart', 'FluentCart'], ['funnelfox', 'FunnelFox']], '');
  const said = outcome();
  const armed = h('div.armed');
  const cards = new Map(scenarios.map((one) => [one.name, card(one, arm, disarm)]));
  const clear = h('button', { type: 'button', onclick: () => said.of(() => control('DELETE', '/faults'), 'All are disarmed.').then(look) }, 'Disarm all');
  fill(root,
    h('div.head', {}, h('h1', {}, 'Failures'), clear),
    h('p', {}, 'A switch arms a failure for the next calls that it fits. It goes off by itself when it has hit as often as you said.'),
    h('form.filters', { onsubmit: (event) => event.preventDefault() }, field('Only for API', api), field('Only for order', order, 'an order id of that API'), said.element),
    h('ul.catalogue', {}, [...cards.values()].map((one) => one.element)),
    h('h2', {}, 'Armed now'), armed, own((document) => said.of(() => control('POST', '/faults', document), 'Armed.').then(look)));

  async function arm(scenario, times) {
    const document = { scenario: scenario.name, times: times === 'always' ? null : Number(times) };
    if (api.value) document.api = api.value;
    if (order.value.trim()) document.match = { order_id: order.value.trim() };
    await said.of(() => control('POST', '/faults', document), `${words(scenario.name)} is armed.`);
    await look();
  }
  async function disarm(faults) {
    await said.of(() => Promise.all(faults.map((fault) => control('DELETE', `/faults/${fault.id}`).catch(gone))), 'Disarmed.');
    await look();
  }
  async function look() {
    try {
      show((await read('/faults')).faults);
    } catch (error) {
      fill(armed, failure(error, look));
    }
  }
  function show(faults) {
    for (const [name, one] of cards) one.show(faults.filter((fault) => fault.scenario === name && fault.times !== 0));
    fill(armed, faults.length ? h('ul.list', {}, faults.map((fault) => line(fault, disarm, release))) : empty('Nothing is armed: every call goes as it should.'));
  }
  function release(fault) {
    return said.of(() => control('POST', `/faults/${fault.id}/release`, {}), 'Released.').then(look);
  }
  const again = soon(look);
  const ends = [listen('request', again), listen('world', again), listen('delivery', again)];
  await look();
  return () => ends.forEach((end) => end());
}

/** A fault that has hit as often as it should is gone already: nothing to disarm. */
function gone(error) {
  if (error.status !== 404) throw error;
}

function card(scenario, arm, disarm) {
  let faults = [];
  const own = scenario.faults[0].times;
  const times = choice(TIMES, own === null ? 'always' : String(own || 1), { 'aria-label': `How often: ${words(scenario.name)}` });
  const left = h('span.faint');
  const id = `scenario-${scenario.name}`;
  const button = h('button.switch', { type: 'button', role: 'switch', 'aria-checked': 'false', 'aria-labelledby': id, onclick: press }, h('span.knob', { 'aria-hidden': 'true' }));
  function press() {
    return faults.length ? disarm(faults) : arm(scenario, times.value);
  }
  return {
    element: h('li.card.scenario', { 'data-scenario': scenario.name },
      h('div', {}, h('h2', { id }, words(scenario.name)), h('p', {}, scenario.title), h('p.points', {}, points(scenario))),
      h('div.controls', {}, times, button, left)),
    show(armed) {
      faults = armed;
      button.setAttribute('aria-checked', String(armed.length > 0));
      times.disabled = armed.length > 0;
      const most = Math.max(0, ...armed.map((fault) => fault.times ?? Infinity));
      left.textContent = armed.length === 0 ? 'off' : most === Infinity ? 'always' : `${most} left`;
    },
  };
}

const PLACES = { before: 'nothing happens', gateway: 'at the gateway', cancel: 'at the cancellation', after: 'booked, then lost', webhook: 'on the webhook' };

function points(scenario) {
  return [...new Set(scenario.faults.map((fault) => fault.at))].map((at) => h('span.mark', {}, PLACES[at]));
}

function line(fault, disarm, release) {
  const matched = Object.entries(fault.match).map(([name, value]) => `${name} ${value}`);
  const about = [fault.api || 'both APIs', fault.operation, ...matched, fault.times === null ? 'always' : `${fault.times} left`, `hit ${fault.hits} times`];
  return h('li', {}, h('span', {}, h('strong', {}, fault.scenario ? words(fault.scenario) : `fault at ${fault.at}`), ' ', h('span.faint', {}, about.filter(Boolean).join(' · '))),
    h('span.actions', {}, fault.hold && h('button', { type: 'button', onclick: () => release(fault) }, 'Release'), h('button', { type: 'button', onclick: () => disarm([fault]) }, 'Disarm')));
}

/** A fault of one's own, as the control API takes it. */
function own(add) {
  const example = { api: 'fluentcart', operation: 'refundOrder', at: 'gateway', match: { order_id: 1002 }, error: 'Insufficient funds.', times: 1 };
  const text = h('textarea', { rows: 8, spellcheck: 'false' });
  text.value = JSON.stringify(example, null, 2);
  const wrong = h('p.outcome.error', { role: 'alert' });
  const submit = (event) => {
    event.preventDefault();
    wrong.textContent = '';
    try {
      add(JSON.parse(text.value));
    } catch (error) {
      wrong.textContent = error.message;
    }
  };
  return h('details.card', {}, h('summary', {}, 'A failure of your own'), h('form', { onsubmit: submit }, field('Fault, as JSON', text), wrong, h('button', { type: 'submit' }, 'Arm it')));
}
