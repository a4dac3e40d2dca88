/** Faults: the enabled ones, then every scenario by phase, with a switch and its effect; custom faults. */

import { apis, control, getControl } from '../api.js';
import { apiFilter, emptyState, errorNotice, statusLine } from '../components.js';
import { listen } from '../connection.js';
import { coalesce, field, h, select, setChildren } from '../dom.js';
import { effectOf } from '../fault_effects.js';
import { PHASE_LABELS, count } from '../format.js';

const HITS = [['1', 'once'], ['2', 'twice'], ['3', '3 times'], ['10', '10 times'], ['always', 'always']];

export async function open(root) {
  const { scenarios } = await getControl('/scenarios');
  const order = h('input', { placeholder: 'any order', autocomplete: 'off', spellcheck: 'false' });
  const api = apiFilter();
  const search = h('input', { type: 'search', placeholder: 'name or effect', oninput: filter });
  const status = statusLine();
  const enabled = h('div.enabled-faults');
  const groups = groupByPhase(scenarios);
  const noMatch = h('div', { hidden: true }, emptyState('No matching scenarios.'));
  const cards = new Map(scenarios.map((one) => [one.name, scenarioCard(one, enable, disable)]));
  const change = (action, success) => status.run(action, success).then(load);
  const clear = h('button', { type: 'button', onclick: () => change(() => control('DELETE', '/faults'), 'All faults disabled.') }, 'Disable all');
  setChildren(root,
    h('div.head', {}, h('h1', {}, 'Faults'), clear),
    h('h2', {}, 'Enabled faults'), enabled,
    h('p', {}, 'Turn on a fault to apply it to the next matching requests. It turns off after the chosen number of hits.'),
    h('form.filters', { onsubmit: (event) => event.preventDefault() }, field('Search', search), field('API', api), field('Order', order, 'The fault hits only this order.'), status.element),
    noMatch,
    Object.entries(groups).map(([phase, members]) => h('section.phase', { 'data-phase': phase }, h('h2', {}, PHASE_TITLES[phase]),
      h('ul.cards', {}, members.map((one) => cards.get(one.name).element)))),
    customFault((document) => change(() => control('POST', '/faults', document), 'Fault enabled.')));

  function filter() {
    const searched = search.value.trim().toLowerCase();
    for (const card of cards.values()) card.element.hidden = !card.text.includes(searched);
    for (const section of root.querySelectorAll('section.phase')) section.hidden = !section.querySelector('.scenario:not([hidden])');
    noMatch.hidden = Boolean(root.querySelector('section.phase:not([hidden])'));
  }
  function enable(scenario, hits) {
    const document = { scenario: scenario.name, times: hits === 'always' ? null : Number(hits) };
    if (api.value) document.api = api.value;
    if (order.value.trim()) document.match = { order_id: order.value.trim() };
    return change(() => control('POST', '/faults', document), `Fault ${scenario.name} enabled.`);
  }
  function disable(faults) {
    return change(() => Promise.all(faults.map((fault) => control('DELETE', `/faults/${fault.id}`).catch(ignoreNotFound))), 'Fault disabled.');
  }
  function release(fault) {
    return change(() => control('POST', `/faults/${fault.id}/release`, {}), 'Held requests released.');
  }
  async function load() {
    try {
      show((await getControl('/faults')).faults);
    } catch (error) {
      setChildren(enabled, errorNotice(error, load));
    }
  }
  function show(faults) {
    for (const [name, card] of cards) card.show(faults.filter((fault) => fault.scenario === name && fault.times !== 0));
    setChildren(enabled, faults.length ? h('ul.list', {}, faults.map((fault) => enabledFault(fault, disable, release))) : emptyState('No faults enabled.'));
  }
  const reload = coalesce(load);
  const stops = [listen('request', reload), listen('world', reload), listen('delivery', reload)];
  await load();
  return () => stops.forEach((stop) => stop());
}

/** A fault without remaining hits is already deleted, so disabling it may find nothing. */
function ignoreNotFound(error) {
  if (error.status !== 404) throw error;
}

const PHASE_TITLES = {
  before: 'Before processing', gateway: 'At the payment gateway', cancel: 'At the cancellation of the subscription',
  after: 'After booking', webhook: 'Webhooks',
};

/** The scenarios by the phase of their first fault, in the order of the phases. */
function groupByPhase(scenarios) {
  const groups = Object.fromEntries(Object.keys(PHASE_TITLES).map((phase) => [phase, scenarios.filter((one) => one.faults[0].at === phase)]));
  return Object.fromEntries(Object.entries(groups).filter(([, members]) => members.length));
}

/** Card of a scenario: `element`, and `show(faults)` with its enabled faults. */
function scenarioCard(scenario, enable, disable) {
  let enabled = [];
  const defaultHits = scenario.faults[0].times;
  const hits = select(HITS, defaultHits === null ? 'always' : String(defaultHits || 1), { 'aria-label': `Hits: ${scenario.name}` });
  const state = h('span.faint');
  const id = `scenario-${scenario.name}`;
  const button = h('button.switch', { type: 'button', role: 'switch', 'aria-checked': 'false', 'aria-labelledby': id, onclick: toggle }, h('span.knob', { 'aria-hidden': 'true' }));
  function toggle() {
    return enabled.length ? disable(enabled) : enable(scenario, hits.value);
  }
  const effects = effectOf(scenario);
  return {
    text: [scenario.name, scenario.title, ...effects].join(' ').toLowerCase(),
    element: h('li.card.scenario', { 'data-scenario': scenario.name },
      h('div', {}, h('h3', { id }, breakable(scenario.name)), h('p', {}, scenario.title), effects.map((line) => h('p.faint', {}, line)), onlyFor(scenario)),
      h('div.controls', {}, hits, button, state)),
    show(faults) {
      enabled = faults;
      button.setAttribute('aria-checked', String(enabled.length > 0));
      hits.disabled = enabled.length > 0;
      state.textContent = enabled.length === 0 ? 'off' : remaining(enabled);
    },
  };
}

/** An id that may break after its underscores. */
function breakable(id) {
  return id.split(/(?<=_)/).map((part) => [part, h('wbr')]);
}

/** The hits that the faults of a scenario have left. */
function remaining(faults) {
  const hits = Math.max(...faults.map((fault) => fault.times ?? Infinity));
  return hits === Infinity ? 'always' : `${count(hits, 'hit')} remaining`;
}

/** The API of a scenario that not every API has. */
function onlyFor(scenario) {
  const names = new Set(scenario.faults.map((fault) => fault.api));
  const titles = apis.filter((one) => names.has(one.name)).map((one) => one.title);
  return titles.length === 1 && apis.length > 1 && h('p.phases', {}, h('span.mark', {}, `only ${titles[0]}`));
}

function enabledFault(fault, disable, release) {
  const matches = Object.entries(fault.match).map(([name, value]) => `${name} ${value}`);
  const details = [fault.api || 'all APIs', fault.operation, ...matches, remaining([fault]), `${count(fault.hits, 'hit')} so far`];
  const name = fault.scenario || `Custom fault (${PHASE_LABELS[fault.at]})`;
  return h('li', {}, h('span', {}, h('strong', {}, name), ' ', h('span.faint', {}, details.filter(Boolean).join(' · '))),
    h('span.actions', {}, fault.hold && h('button', { type: 'button', onclick: () => release(fault) }, 'Release'), h('button', { type: 'button', onclick: () => disable([fault]) }, 'Disable')));
}

/** Form for a fault as the control API takes it. */
function customFault(enable) {
  const [{ name, refund_operation, samples }] = apis;
  const example = { api: name, operation: refund_operation, at: 'gateway', match: { order_id: samples.order_id }, error: 'Insufficient funds.', times: 1 };
  const text = h('textarea', { rows: 8, spellcheck: 'false' });
  text.value = JSON.stringify(example, null, 2);
  const problem = h('p.outcome.error', { role: 'alert' });
  const submit = (event) => {
    event.preventDefault();
    problem.textContent = '';
    try {
      enable(JSON.parse(text.value));
    } catch (error) {
      problem.textContent = error.message;
    }
  };
  return h('details.card', {}, h('summary', {}, 'Custom fault'), h('form', { onsubmit: submit }, field('Fault (JSON)', text), problem, h('button', { type: 'submit' }, 'Enable')));
}
