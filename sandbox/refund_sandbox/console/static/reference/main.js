/** The reference of both APIs: their specs as pages, with how sure each behaviour is, and every operation to try. */

import { base } from '../api.js';
import { fill, h } from '../dom.js';
import { NAMES, parts } from '../format.js';
import { askForToken, isLocked } from '../login.js';
import { failure } from '../components.js';
import { certainty, operationPage, prose } from './operation.js';

const main = document.getElementById('main');
const CERTAINTIES = {
  measured: 'recorded from a real server; the tests replay it',
  documented: 'as the public documentation says',
  observed: 'seen in clients that work with the live service',
  assumed: 'a guess, marked as one in the code',
};
const specs = {};
let turn = 0;

/** `#/fluentcart/refundOrder/1001` is an operation, prefilled for an order. */
function where() {
  const [api, operation, order] = parts(location.hash);
  return { api: NAMES[api] ? api : 'fluentcart', operation, order };
}

async function load(api) {
  const reply = await fetch(`/_console/specs/${api}.json`);
  return reply.json();
}

/** Every operation of a spec with its path and method. */
function operations(spec) {
  return Object.entries(spec.paths).flatMap(([path, item]) =>
    Object.entries(item).filter(([method]) => /^(get|post|put|patch|delete)$/.test(method)).map(([method, about]) => ({ ...about, path, method: method.toUpperCase() })));
}

async function show() {
  const mine = ++turn;
  const { api, operation: id, order } = where();
  try {
    specs[api] ||= load(api);
    const spec = await specs[api];
    const all = operations(spec);
    const chosen = all.find((one) => one.operationId === id);
    document.title = `${chosen ? chosen.summary : NAMES[api]} · Reference · refund-sandbox`;
    for (const link of document.querySelectorAll('#apis a')) {
      link.getAttribute('href') === `#/${api}` ? link.setAttribute('aria-current', 'page') : link.removeAttribute('aria-current');
    }
    const page = chosen ? await operationPage(api, spec, chosen, order) : overview(spec, all);
    if (mine !== turn || isLocked()) return;
    fill(main, h('div.reference', {}, contents(api, all, chosen), h('div', { class: 'view detail' }, page)));
    window.scrollTo(0, 0);
  } catch (error) {
    if (mine === turn && !isLocked()) fill(main, failure(error, show));
  }
}

function contents(api, all, chosen) {
  const tags = [...new Set(all.map((one) => (one.tags || ['Operations'])[0]))];
  return h('nav.contents', { 'aria-label': 'Operations' }, tags.map((tag) => [
    h('h2', {}, tag),
    h('ul', {}, all.filter((one) => (one.tags || ['Operations'])[0] === tag).map((one) => h('li', {},
      h('a', { href: `#/${api}/${one.operationId}`, 'aria-current': one === chosen && 'page' }, one.summary), certainty(one['x-certainty'])))),
  ]));
}

function overview(spec, all) {
  const known = Object.keys(CERTAINTIES).filter((word) => all.some((one) => one['x-certainty'] === word));
  return [
    h('h1', {}, spec.info.title, ' ', h('span.id', {}, spec.info.version)), prose(spec.info.description),
    h('h2', {}, 'How sure it is'),
    h('ul.list', {}, known.map((word) => h('li', {}, h('span', {}, certainty(word), ' ', CERTAINTIES[word]), h('span', {}, `${all.filter((one) => one['x-certainty'] === word).length} operations`)))),
  ];
}

askForToken(main, show);
for (const id of ['home', 'console']) document.getElementById(id).href = `${base}/`;
document.getElementById('skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
window.addEventListener('hashchange', show);
show();
