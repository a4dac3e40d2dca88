/** What was asked and answered, as it happens: filtered, one chosen with request and reply side by side. */

import { call, control, credential, credentials, curl, read } from '../api.js';
import { calmly, choice, field, fill, h, soon } from '../dom.js';
import { clock, pretty, when, words } from '../format.js';
import { listen } from '../connection.js';
import { block, copier, empty, replyBlock, statusBadge } from '../components.js';
import { windowed } from '../virtual_list.js';

const PAGE = 200;
const MOST = 10000;

export async function open(root, [id]) {
  let entries = [];
  let whole = true;
  let chosen = id ? Number(id) : null;
  const detail = h('div.detail', { 'aria-live': 'polite' }, empty('Choose a request to see both sides of it.'));
  const nothing = h('div', { hidden: true });
  const count = h('p.faint', { role: 'status' });
  const list = windowed({
    label: 'Requests', height: 52, key: (entry) => entry.id, row, end: () => more(),
    choose(entry) {
      chosen = entry.id;
      history.replaceState(null, '', `#/requests/${entry.id}`);
      show(entry);
    },
  });
  const filters = makeFilters(() => { list.element.scrollTop = 0; draw(); });
  const clear = h('button', { type: 'button', onclick: () => control('DELETE', '/requests').then(load) }, 'Clear');
  fill(root,
    h('div.head', {}, h('h1', {}, 'Requests'), clear),
    h('form.filters', { role: 'search', onsubmit: (event) => event.preventDefault() }, filters.fields, count),
    h('div.split', {}, h('div.side', {}, list.element, nothing), detail));

  /** Reads the newest requests; those that came in meanwhile stay. */
  async function load() {
    const known = entries.length ? entries[0].id : 0;
    const found = await page();
    const newest = Math.max(known, found.length ? found[0].id : 0);
    entries = [...entries.filter((entry) => entry.id > newest), ...found];
    whole = found.length < PAGE;
    draw();
  }
  let reading = null;
  /** Reads older requests: the end of the list is near, as it also is when a filter leaves little. */
  async function more() {
    if (reading === entries || whole || entries.length >= MOST) return;
    const mine = reading = entries;
    const older = await page(`&before=${mine.at(-1).id}`).catch(() => null);
    reading = null;
    if (!older || mine !== entries) return; // no connection, or the list was read anew meanwhile
    entries.push(...older);
    whole = older.length < PAGE;
    draw();
  }
  function draw() {
    const wanted = filters.any() ? entries.filter(filters.test) : entries;
    count.textContent = `${wanted.length.toLocaleString('en')}${whole ? '' : '+'} ${whole && wanted.length === 1 ? 'request' : 'requests'}`;
    const why = entries.length ? 'No request is like that.' : 'Nothing was asked yet. Refund an order, or paste a curl line.';
    fill(nothing, wanted.length === 0 && empty(whole ? why : 'Looking at older requests …'));
    nothing.hidden = wanted.length > 0;
    list.element.hidden = wanted.length === 0;
    list.show(wanted);
    list.select(chosen);
  }
  async function show(entry) {
    fill(detail, await describe(entry));
  }
  const later = soon(draw);
  const ends = [
    listen('request', (entry) => {
      if (entries.length && entries[0].id >= entry.id) return;
      entries.unshift(searchable(entry));
      if (entries.length > MOST) entries.pop();
      later();
    }),
    listen('world', soon(() => load().catch(() => {}))),
  ];
  await load();
  if (chosen) read(`/requests/${chosen}`).then(show, (error) => fill(detail, empty(error.message)));
  return () => ends.forEach((end) => end());
}

/** A page of requests, newest first. */
async function page(before = '') {
  return (await read(`/requests?limit=${PAGE}${before}`)).requests.map(searchable);
}

/** A request with the text in which a search looks. */
function searchable(entry) {
  return { ...entry, text: JSON.stringify([entry.path, entry.operation, entry.order, entry.request.body, entry.reply.body]).toLowerCase() };
}

function makeFilters(changed) {
  const api = choice([['', 'both APIs'], ['fluentcart', 'FluentCart'], ['funnelfox', 'FunnelFox']], '', { onchange: changed });
  const status = choice([['', 'any status'], ['2', '2xx'], ['4', '4xx'], ['5', '5xx'], ['fault', 'hit by a fault'], ['warning', 'with warnings']], '', { onchange: changed });
  const text = h('input', { type: 'search', placeholder: 'path, operation, order, body', oninput: calmly(changed, 120) });
  return {
    fields: [field('Search', text), field('API', api), field('Status', status)],
    any: () => Boolean(api.value || status.value || text.value.trim()),
    test(entry) {
      if (api.value && entry.api !== api.value) return false;
      if (status.value === 'fault' && !entry.faults.length) return false;
      if (status.value === 'warning' && !entry.warnings.length) return false;
      if (/\d/.test(status.value) && Math.floor(entry.status / 100) !== Number(status.value)) return false;
      const wanted = text.value.trim().toLowerCase();
      return !wanted || entry.text.includes(wanted);
    },
  };
}

function row(entry) {
  const marks = [entry.faults.length > 0 && h('span.mark', { title: 'hit by a fault' }, 'fault'), entry.warnings.length > 0 && h('span.mark', { title: 'with warnings' }, 'warning')];
  return [
    h('span.line', {}, statusBadge(entry.status, entry.connection), h('strong', {}, entry.operation || entry.method), marks),
    h('span', { class: 'line faint' }, h('span.clip', {}, `${entry.method} ${entry.path}`), h('time', {}, clock(entry.at))),
  ];
}

/** The request as it can be sent again: the journal keeps no secrets, so the world's first caller stands in for them. */
async function again(entry) {
  const who = await credentials(entry.api).catch(() => []);
  const headers = {};
  for (const [name, value] of Object.entries(entry.request.headers)) {
    if (value === '***') Object.assign(headers, credential(entry.api, who[0]));
    else if (name === 'content-type' || name.startsWith('x-')) headers[name] = value;
  }
  const body = entry.request.body;
  return { method: entry.method, path: entry.path, headers, body: body === null || body === '' ? '' : typeof body === 'string' ? body : JSON.stringify(body) };
}

async function describe(entry) {
  const request = await again(entry);
  const reply = h('div');
  const replay = h('button', { type: 'button', onclick: async () => fill(reply, h('h2', {}, 'Replayed'), replyBlock(await call(request))) }, 'Replay');
  const place = entry.order && h('a', { href: `#/orders/${entry.api}/${encodeURIComponent(entry.order)}` }, `Order ${entry.order}`);
  return [
    h('header', {}, h('h2', {}, entry.operation || `${entry.method} ${entry.path}`), statusBadge(entry.status, entry.connection)),
    h('p.faint', {}, `${when(entry.at)} UTC · ${entry.duration_ms} ms · `, place),
    notes(entry),
    h('p.actions', {}, copier('Copy as curl', () => curl(request)), replay),
    h('div.sides', {},
      h('div', {}, block('Request', `${entry.method} ${entry.path}\n\n${pretty(entry.request.body)}`).element, headers('Request headers', entry.request.headers)),
      h('div', {}, block('Reply', `${entry.status}${entry.connection ? `, then the connection was cut (${entry.connection})` : ''}\n\n${pretty(entry.reply.body)}`).element, headers('Reply headers', entry.reply.headers))),
    ledger(entry.changes), reply,
  ];
}

function headers(title, values) {
  const text = Object.entries(values).map(([name, value]) => `${name}: ${value}`).join('\n');
  return h('details', {}, h('summary', {}, title), h('pre', { tabindex: 0 }, text));
}

function notes(entry) {
  const found = [
    ...entry.faults.map((fault) => `Hit by ${fault.scenario ? words(fault.scenario) : 'a fault'}, at ${fault.at}`),
    ...entry.warnings.map((warning) => `Warning: ${warning}`),
  ];
  return found.length > 0 && h('ul.notes', {}, found.map((text) => h('li', {}, text)));
}

/** What the call changed in the ledger: record, field, before, after; first what was there before. */
function ledger(changes) {
  if (!changes.length) return h('p.faint', {}, 'The ledger was not changed.');
  const ordered = changes.toSorted((one, other) => (one.before === null) - (other.before === null));
  const rows = ordered.flatMap((change) => {
    const said = (name) => change.before !== null || !['', null].includes(change.after[name]);
    const names = Object.keys({ ...change.before, ...change.after }).filter((name) => name !== 'updated_at' && said(name));
    return names.map((name, place) => h('tr', {},
      place === 0 && h('th', { scope: 'rowgroup', rowspan: names.length }, `${change.record.split('.')[1]} ${change.key}`, change.before === null && h('span.mark', {}, 'new')),
      h('td', {}, name), h('td.old', {}, value(change.before, name)), h('td.new', {}, value(change.after, name))));
  });
  const titles = ['Record', 'Field', 'Before', 'After'].map((title) => h('th', { scope: 'col' }, title));
  return h('section', {}, h('h3', {}, 'Ledger, before → after'), h('div.scroll', { tabindex: 0, role: 'region', 'aria-label': 'Ledger, before and after' },
    h('table.changes', {}, h('thead', {}, h('tr', {}, titles)), h('tbody', {}, rows))));
}

function value(side, name) {
  if (!side || !(name in side)) return '—';
  return typeof side[name] === 'string' ? side[name] : JSON.stringify(side[name]);
}
