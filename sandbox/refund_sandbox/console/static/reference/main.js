/** API reference: the spec of each API as pages, with the fidelity of each operation and a form to send it. */

import { apis, base, findApi, loadApis } from '../api.js';
import { errorNotice } from '../components.js';
import { h, setChildren } from '../dom.js';
import { count, hashParts } from '../format.js';
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

/** The parts of the address: `#/{api}/refundOrder/1001` is an operation with the fields of an order. */
function currentRoute() {
  const [name, operation, order] = hashParts(location.hash);
  return { api: findApi(name), operation, order };
}

async function loadSpec(api) {
  const reply = await fetch(`${base}/_console/specs/${api}.json`);
  return reply.json();
}

/** All operations of a spec, each with its path and method. */
function operationsOf(spec) {
  return Object.entries(spec.paths).flatMap(([path, item]) =>
    Object.entries(item).filter(([method]) => METHOD.test(method)).map(([method, operation]) => ({
      ...operation, path, method: method.toUpperCase(), parameters: [...(item.parameters || []), ...(operation.parameters || [])],
    })));
}

async function openPage() {
  const navigation = ++navigations;
  try {
    await loadApis();
    const { api, operation: id, order } = currentRoute();
    specs[api.name] ||= loadSpec(api.name);
    const spec = await specs[api.name];
    const operations = operationsOf(spec);
    const selected = operations.find((one) => one.operationId === id);
    document.title = `${selected ? selected.summary : api.title} · API reference · refund-sandbox`;
    showTabs(api);
    const page = selected ? await operationPage(api, spec, selected, order) : overview(spec, operations);
    if (navigation !== navigations || isLocked()) return;
    setChildren(main, h('div.reference', {}, contents(api.name, operations, selected), h('div', { class: 'view detail' }, page)));
    window.scrollTo(0, 0);
  } catch (error) {
    if (navigation === navigations && !isLocked()) setChildren(main, errorNotice(error, openPage));
  }
}

function showTabs(selected) {
  const tab = (api) => h('li', {}, h('a', { href: `#/${api.name}`, 'aria-current': api === selected && 'page' }, api.title));
  setChildren(document.getElementById('apis'), apis.map(tab), h('li', {}, h('a', { href: `${base}/` }, 'Console')));
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
document.getElementById('home').href = `${base}/`;
document.getElementById('skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
window.addEventListener('hashchange', openPage);
openPage();
