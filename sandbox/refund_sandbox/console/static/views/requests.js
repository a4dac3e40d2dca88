/** Request log: requests to the APIs as they arrive, with filters; the selected one with its reply and its ledger changes. */

import { bodyText, control, curl, getControl, getCredentials, send } from '../api.js';
import { apiFilter, codeBlock, copyButton, emptyState, replyBlock, statusBadge } from '../components.js';
import { listen } from '../connection.js';
import { coalesce, debounce, field, h, select, setChildren } from '../dom.js';
import { PHASE_LABELS, count, dateTime, formatBody, headerText, shortId, timeOfDay } from '../format.js';
import { virtualList } from '../virtual_list.js';

const PAGE_SIZE = 200;
const MAX_ENTRIES = 10000;

export async function open(root, [id]) {
  let entries = [];
  let isComplete = true;
  let selected = id ? Number(id) : null;
  const detail = h('div.detail', { 'aria-live': 'polite' }, emptyState('Select a request to view details.'));
  const notice = h('div', { hidden: true });
  const total = h('p.faint', { role: 'status' });
  const list = virtualList({
    label: 'Requests', height: 52, key: (entry) => entry.id, row, onEnd: () => loadOlder(),
    onSelect(entry) {
      selected = entry.id;
      history.replaceState(null, '', `#/requests/${entry.id}`);
      showDetail(entry);
    },
  });
  const filters = makeFilters(() => { list.element.scrollTop = 0; showList(); });
  const clear = h('button', { type: 'button', onclick: () => control('DELETE', '/requests').then(load) }, 'Clear');
  setChildren(root,
    h('div.head', {}, h('h1', {}, 'Requests'), clear),
    h('form.filters', { role: 'search', onsubmit: (event) => event.preventDefault() }, filters.fields, total),
    h('div.split', {}, h('div.side', {}, list.element, notice), detail));

  /** Reads the newest requests. Requests that arrived meanwhile stay in the list. */
  async function load() {
    const known = entries.length ? entries[0].id : 0;
    const page = await readPage();
    const newest = Math.max(known, page.length ? page[0].id : 0);
    entries = [...entries.filter((entry) => entry.id > newest), ...page];
    isComplete = isLastPage(page);
    showList();
  }
  let loadingFor = null;
  /** Reads older requests when the end of the list is near, or when a filter leaves few rows. */
  async function loadOlder() {
    if (loadingFor === entries || isComplete) return;
    const current = loadingFor = entries;
    const older = await readPage(`&before=${current.at(-1).id}`).catch(() => null);
    loadingFor = null;
    if (!older || current !== entries) return; // no connection, or the list was loaded again meanwhile
    entries.push(...older);
    isComplete = isLastPage(older);
    showList();
  }
  const isLastPage = (page) => page.length < PAGE_SIZE || entries.length >= MAX_ENTRIES;
  function showList() {
    const matching = filters.areSet() ? entries.filter(filters.match) : entries;
    total.textContent = isComplete ? count(matching.length, 'request') : `${matching.length.toLocaleString('en')}+ requests`;
    const reason = entries.length ? 'No matching requests.' : 'No requests yet. Refund an order, or send a request with curl.';
    setChildren(notice, matching.length === 0 && emptyState(isComplete ? reason : 'Loading older requests …'));
    notice.hidden = matching.length > 0;
    list.element.hidden = matching.length === 0;
    list.show(matching);
    list.select(selected);
  }
  async function showDetail(entry) {
    setChildren(detail, await describe(entry));
  }
  const showListSoon = coalesce(showList);
  const stops = [
    listen('request', (entry) => {
      if (entries.length && entries[0].id >= entry.id) return;
      entries.unshift(withSearchText(entry));
      if (entries.length > MAX_ENTRIES) entries.pop();
      showListSoon();
    }),
    listen('world', coalesce(() => load().catch(() => {}))),
  ];
  await load();
  if (!selected && entries.length) {
    selected = entries[0].id;
    showList();
  }
  if (selected) getControl(`/requests/${selected}`).then(showDetail, (error) => setChildren(detail, emptyState(error.message)));
  return () => stops.forEach((stop) => stop());
}

/** A page of requests, newest first. */
async function readPage(before = '') {
  return (await getControl(`/requests?limit=${PAGE_SIZE}${before}`)).requests.map(withSearchText);
}

/** A request with the text that the search field looks in. */
function withSearchText(entry) {
  return { ...entry, text: JSON.stringify([entry.path, entry.operation, entry.order, entry.request.body, entry.reply.body]).toLowerCase() };
}

const STATUS_FILTERS = [['', 'Any status'], ['2', '2xx'], ['4', '4xx'], ['5', '5xx'], ['fault', 'With faults'], ['warning', 'With warnings']];

function makeFilters(onChange) {
  const api = apiFilter({ onchange: onChange });
  const status = select(STATUS_FILTERS, '', { onchange: onChange });
  const text = h('input', { type: 'search', placeholder: 'path, operation, order, body', oninput: debounce(onChange, 120) });
  return {
    fields: [field('Search', text), field('API', api), field('Status', status)],
    areSet: () => Boolean(api.value || status.value || text.value.trim()),
    match(entry) {
      if (api.value && entry.api !== api.value) return false;
      if (status.value === 'fault' && !entry.faults.length) return false;
      if (status.value === 'warning' && !entry.warnings.length) return false;
      if (/\d/.test(status.value) && Math.floor(entry.status / 100) !== Number(status.value)) return false;
      const searched = text.value.trim().toLowerCase();
      return !searched || entry.text.includes(searched);
    },
  };
}

function row(entry) {
  const faults = entry.faults.map((fault) => h('span.mark', { title: 'This fault hit the request' }, fault.scenario || `fault ${fault.at}`));
  const warning = entry.warnings.length > 0 && h('span.mark', { title: entry.warnings.join('\n') }, 'warning');
  const amount = sentAmount(entry.request.body);
  return [
    h('span.line', {}, statusBadge(entry.status, entry.connection), h('strong', {}, entry.operation || entry.method), faults, warning,
      h('span.end', {}, amount !== undefined && `amount ${amount}`)),
    h('span', { class: 'line faint' }, entry.order && h('span.nowrap', {}, `order ${shortId(entry.order)}`),
      h('span.clip', {}, entry.order ? entry.path : `${entry.method} ${entry.path}`), h('span.nowrap', {}, `${Math.round(entry.duration_ms * 10) / 10} ms`), h('time', {}, timeOfDay(entry.at))),
  ];
}

/** The amount in a request's body as the client sent it, at the top or one level below. */
function sentAmount(body) {
  if (!body || typeof body !== 'object') return undefined;
  return body.amount ?? Object.values(body).find((part) => part && part.amount !== undefined)?.amount;
}

/** The request to send again. The request log stores no secrets: the first credentials of the API replace them. */
async function replayRequest(entry) {
  const [credentials] = await getCredentials(entry.api).catch(() => []);
  const headers = {};
  for (const [name, value] of Object.entries(entry.request.headers)) {
    if (value === '***') Object.assign(headers, credentials && credentials.headers);
    else if (name === 'content-type' || name.startsWith('x-')) headers[name] = value;
  }
  return { method: entry.method, path: entry.path, headers, body: bodyText(entry.request.body) };
}

async function describe(entry) {
  const request = await replayRequest(entry);
  const reply = h('div');
  const replay = h('button', { type: 'button', onclick: async () => setChildren(reply, h('h2', {}, 'Replayed request'), replyBlock(await send(request))) }, 'Replay');
  const order = entry.order && h('a', { href: `#/orders/${entry.api}/${encodeURIComponent(entry.order)}` }, `Order ${entry.order}`);
  const lost = entry.connection ? `, then the connection was cut (${entry.connection})` : '';
  return [
    h('header', {}, h('h2', {}, entry.operation || `${entry.method} ${entry.path}`), statusBadge(entry.status, entry.connection)),
    h('p.faint', {}, `${dateTime(entry.at)} UTC · ${entry.duration_ms} ms`, order && [' · ', order]),
    notes(entry),
    h('p.actions', {}, copyButton('Copy as curl', () => curl(request)), replay),
    h('div.sides', {},
      h('div', {}, codeBlock('Request', `${entry.method} ${entry.path}\n\n${formatBody(entry.request.body)}`).element, headerDetails('Request headers', entry.request.headers)),
      h('div', {}, codeBlock('Reply', `${entry.status}${lost}\n\n${formatBody(entry.reply.body)}`).element, headerDetails('Reply headers', entry.reply.headers))),
    ledgerChanges(entry.changes), reply,
  ];
}

function headerDetails(title, headers) {
  return h('details', {}, h('summary', {}, title), h('pre', { tabindex: 0 }, headerText(headers)));
}

function notes(entry) {
  const lines = [
    ...entry.faults.map((fault) => `Fault: ${fault.scenario ? `${fault.scenario} (${PHASE_LABELS[fault.at]})` : PHASE_LABELS[fault.at]}`),
    ...entry.warnings.map((warning) => `Warning: ${warning}`),
  ];
  return lines.length > 0 && h('ul.notes', {}, lines.map((text) => h('li', {}, text)));
}

/** Table of changed fields by record: before and after the request. Changed records come before new ones. */
function ledgerChanges(changes) {
  if (!changes.length) return h('p.faint', {}, 'No ledger changes.');
  const ordered = changes.toSorted((one, other) => (one.before === null) - (other.before === null));
  const rows = ordered.flatMap((change) => {
    const hasValue = (name) => change.before !== null || !['', null].includes(change.after[name]);
    const names = Object.keys({ ...change.before, ...change.after }).filter((name) => name !== 'updated_at' && hasValue(name));
    return names.map((name, index) => h('tr', {},
      index === 0 && h('th', { scope: 'rowgroup', rowspan: names.length }, `${change.record.split('.')[1]} ${change.key}`, change.before === null && h('span.mark', {}, 'new')),
      h('td', {}, name), h('td.old', {}, fieldValue(change.before, name)), h('td.new', {}, fieldValue(change.after, name))));
  });
  const titles = ['Record', 'Field', 'Before', 'After'].map((title) => h('th', { scope: 'col' }, title));
  return h('section', {}, h('h3', {}, 'Ledger changes'), h('div.scroll', { tabindex: 0, role: 'region', 'aria-label': 'Ledger changes' },
    h('table.changes', {}, h('thead', {}, h('tr', {}, titles)), h('tbody', {}, rows))));
}

function fieldValue(record, name) {
  if (!record || !(name in record)) return '—';
  return typeof record[name] === 'string' ? record[name] : JSON.stringify(record[name]);
}
