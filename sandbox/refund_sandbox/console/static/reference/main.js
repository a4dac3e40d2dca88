/** API reference: the specs of both APIs as pages, with the fidelity of each operation and a form to send it. */

import { base } from '../api.js';
import { errorNotice } from '../components.js';
import { h, setChildren } from '../dom.js';
import { API_NAMES, count, hashParts } from '../format.js';
import { askForToken, isLocked } from '../login.js';
import { fidelityBadge, operationPage, prose } from './operation.js';

const main = document.getElementById('main');
const FIDELITY = {
  measured: 'recorded from a real server and replayed by the tests',
  documented: 'described in the public documentation',
  observed: 'observed in clients of the live service',
  assumed: 'an assumption, marked as one in the code',
};
const METHOD = /^(get|post|put|patch|delete)$/;
const specs = {};
let navigations = 0;

/** The parts of the address: `#/fluentcart/refundOrder/1001` is an operation with the fields of an order. */
function currentRoute() {
  const [api, operation, order] = hashParts(location.hash);
  return { api: API_NAMES[api] ? api : 'fluentcart', operation, order };
}

async function loadSpec(api) {
  const reply = await fetch(`/_console/specs/${api}.json`);
  return reply.json();
}

/** All operations of a spec, each with its path and method. */
function operationsOf(spec) {
  return Object.entries(spec.paths).flatMap(([path, item]) =>
    Object.entries(item).filter(([method]) => METHOD.test(method)).map(([method, operation]) => ({ ...operation, path, method: method.toUpperCase() })));
}

async function openPage() {
  const navigation = ++navigations;
  const { api, operation: id, order } = currentRoute();
  try {
    specs[api] ||= loadSpec(api);
    const spec = await specs[api];
    const operations = operationsOf(spec);
    const selected = operations.find((one) => one.operationId === id);
    document.title = `${selected ? selected.summary : API_NAMES[api]} · API reference · refund-sandbox`;
    markCurrent(api);
    const page = selected ? await operationPage(api, spec, selected, order) : overview(spec, operations);
    if (navigation !== navigations || isLocked()) return;
    setChildren(main, h('div.reference', {}, contents(api, operations, selected), h('div', { class: 'view detail' }, page)));
    window.scrollTo(0, 0);
  } catch (error) {
    if (navigation === navigations && !isLocked()) setChildren(main, errorNotice(error, openPage));
  }
}

function markCurrent(api) {
  for (const link of document.querySelectorAll('#apis a')) {
    if (link.getAttribute('href') === `#/${api}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

function contents(api, operations, selected) {
  const tagOf = (operation) => (operation.tags || ['Operations'])[0];
  const link = (operation) => h('li', {},
    h('a', { href: `#/${api}/${operation.operationId}`, 'aria-current': operation === selected && 'page' }, operation.summary), fidelityBadge(operation['x-certainty']));
  const tags = [...new Set(operations.map(tagOf))];
  return h('nav.contents', { 'aria-label': 'Operations' }, tags.map((tag) => [
    h('h2', {}, tag), h('ul', {}, operations.filter((one) => tagOf(one) === tag).map(link)),
  ]));
}

function overview(spec, operations) {
  const withFidelity = (word) => operations.filter((one) => one['x-certainty'] === word);
  const line = (word) => h('li', {}, h('span', {}, fidelityBadge(word), ' ', FIDELITY[word]), h('span', {}, count(withFidelity(word).length, 'operation')));
  return [
    h('h1', {}, spec.info.title, ' ', h('span.id', {}, spec.info.version)), prose(spec.info.description),
    h('h2', {}, 'Fidelity'), h('ul.list', {}, Object.keys(FIDELITY).filter((word) => withFidelity(word).length).map(line)),
  ];
}

askForToken(main, openPage);
for (const id of ['home', 'console']) document.getElementById(id).href = `${base}/`;
document.getElementById('skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
window.addEventListener('hashchange', openPage);
openPage();
