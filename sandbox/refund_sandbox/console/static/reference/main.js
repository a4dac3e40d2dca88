/** API reference: the spec of each API as pages, with the fidelity of each operation and a form to send it. */

import { apis, base, findApi, loadApis } from '../api.js';
import { accessList, errorNotice } from '../components.js';
import { field, h, setChildren } from '../dom.js';
import { count, hashParts } from '../format.js';
import { askForToken, isLocked } from '../login.js';
import { fidelityBadge, fieldTable, operationPage, prose, replies } from './operation.js';

const main = document.getElementById('main');
const FIDELITY = {
  measured: 'recorded from a real server and replayed by the tests',
  documented: 'described in the public documentation',
  observed: 'observed in clients of the live service',
  assumed: 'an assumption, marked as one in the code',
};
/** The control API in the form in which the emulated APIs are described. */
const CONTROL_API = { name: 'sandbox', title: 'Control API', mount: '/_sandbox', isControl: true, samples: {}, webhooks: { topics: {} } };
const METHOD = /^(get|post|put|patch|delete)$/;
const specs = {};
let navigations = 0;

/** The parts of the address: `#/{api}/{operation}/1001` is an operation with the id of an order or another record. */
function currentRoute() {
  const [name, operation, order] = hashParts(location.hash);
  return { api: name === CONTROL_API.name ? CONTROL_API : findApi(name), operation, order };
}

async function loadSpec(api) {
  const reply = await fetch(`${base}/specs/${api}.json`);
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
    const page = selected ? await operationPage(api, spec, selected, order) : await overview(api, spec, operations);
    if (navigation !== navigations || isLocked()) return;
    setChildren(main, h('div.reference', {}, contents(api, operations, selected), h('div', { class: 'view detail' }, page)));
    window.scrollTo(0, 0);
  } catch (error) {
    if (navigation === navigations && !isLocked()) setChildren(main, errorNotice(error, openPage));
  }
}

function showTabs(selected) {
  const tab = (api) => h('li', {}, h('a', { href: `#/${api.name}`, 'aria-current': api.name === selected.name && 'page' }, api.title));
  setChildren(document.getElementById('apis'), [...apis, CONTROL_API].map(tab), h('li', {}, h('a', { href: `${base}/` }, 'Console')));
}

/** The operations with a search field; the refund comes first. On a small screen the list is folded. */
function contents(api, operations, selected) {
  const tagOf = (operation) => (operation.operationId === api.refund_operation ? 'Refund' : (operation.tags || ['Operations'])[0]);
  const textOf = (operation) => `${operation.summary} ${operation.operationId} ${operation.path}`.toLowerCase();
  const link = (operation) => h('li', { 'data-text': textOf(operation) },
    h('a', { href: `#/${api.name}/${operation.operationId}`, 'aria-current': operation === selected && 'page' }, operation.summary), fidelityBadge(operation['x-certainty']));
  const tags = [...new Set([...(api.refund_operation ? ['Refund'] : []), ...operations.map(tagOf)])];
  const sections = tags.map((tag) => h('section', {}, h('h2', {}, tag), h('ul', {}, operations.filter((one) => tagOf(one) === tag).map(link))));
  const search = h('input', { type: 'search', oninput: filter });
  function filter() {
    const searched = search.value.trim().toLowerCase();
    for (const section of sections) {
      const items = [...section.querySelectorAll('li')];
      for (const item of items) item.hidden = !item.dataset.text.includes(searched);
      section.hidden = items.every((item) => item.hidden);
    }
  }
  return h('nav.contents', { 'aria-label': 'Operations' }, h('details', { open: matchMedia('(min-width: 901px)').matches }, h('summary', {}, count(operations.length, 'operation')), field('Search', search), sections));
}

async function overview(api, spec, operations) {
  const refund = operations.find((one) => one.operationId === api.refund_operation);
  const withFidelity = (word) => operations.filter((one) => one['x-certainty'] === word);
  const line = (word) => h('li', {}, h('span', {}, fidelityBadge(word), ' ', FIDELITY[word]), h('span', {}, count(withFidelity(word).length, 'operation')));
  const words = Object.keys(FIDELITY).filter((word) => withFidelity(word).length);
  const topics = Object.entries(api.webhooks.topics);
  return [
    h('h1', {}, spec.info.title, ' ', h('span.id', {}, spec.info.version)),
    refund && h('p', {}, h('a', { href: `#/${api.name}/${refund.operationId}` }, `${refund.summary}: ${refund.method} ${refund.path}`)),
    h('h2', {}, 'Base URL and credentials'), await accessList(api),
    refund && [h('h2', {}, 'Replies to a refund'), replies(spec, refund.responses)],
    topics.length > 0 && [h('h2', {}, 'Webhooks'), h('p.faint', {}, api.webhooks.rules), fieldTable(topics.map(([name, description]) => ({ name, type: 'topic', description })), 'Topic')],
    words.length > 0 && [h('h2', {}, 'Fidelity'), h('ul.list', {}, words.map(line))],
    h('h2', {}, 'About this document'), prose(spec.info.description),
    h('p', {}, h('a', { href: `${base}/specs/${api.name}.yaml` }, 'OpenAPI document')),
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
