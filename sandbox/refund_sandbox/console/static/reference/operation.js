/** One operation of a spec as a page: what it does and how sure that is, its fields, its replies, and a form to try it. */

import { h } from '../dom.js';
import { statusBadge } from '../components.js';
import { fields, resolve, typeOf } from './schema.js';
import { trial } from './try_it.js';

const TONES = { measured: 'good', documented: 'good', observed: 'spent', assumed: 'warm' };

/** How sure a behaviour is, as the spec says. */
export function certainty(word) {
  return word ? h('span', { class: `badge ${TONES[word] || ''}` }, word) : null;
}

/** A description: paragraphs, with `code` between back quotes. */
export function prose(text = '') {
  return text.trim().split(/\n\s*\n/).map((part) => h('p', {}, part.split(/`([^`]+)`/).map((piece, place) => (place % 2 ? h('code', {}, piece) : piece))));
}

export async function operationPage(api, spec, operation, order) {
  const body = operation.requestBody && operation.requestBody.content['application/json'];
  const parameters = (operation.parameters || []).map((one) => resolve(spec, one));
  const groups = operation['x-groups'];
  const notes = [
    groups && `Keys of ${groups.join(', ')} may call it.`,
    operation['x-permission'] && `Needs the permission ${operation['x-permission']}.`,
    Array.isArray(operation.security) && operation.security.length === 0 && 'Public: it needs no key.',
  ].filter(Boolean);
  return [
    h('header', {}, h('h1', {}, operation.summary), certainty(operation['x-certainty'])),
    h('p', {}, h('code', { class: 'path' }, `${operation.method} ${operation.path}`)),
    prose(operation.description), notes.length > 0 && h('p.faint', {}, notes.join(' ')),
    await trial(api, spec, operation, parameters, body && body.schema, order),
    parameters.length > 0 && [h('h2', {}, 'In the path'), table(parameters.map((one) => ({ ...one, type: typeOf(spec, one.schema) })))],
    body && [h('h2', {}, 'Body'), table(fields(spec, body.schema))],
    h('h2', {}, 'Replies'), replies(spec, operation.responses),
  ];
}

function table(rows) {
  const titles = ['Field', 'Type', 'What it is'].map((title) => h('th', { scope: 'col' }, title));
  if (!rows.length) return h('p.faint', {}, 'No fields of its own.');
  return h('div.scroll', { tabindex: 0, role: 'region', 'aria-label': 'Fields' }, h('table.fields-table', {}, h('thead', {}, h('tr', {}, titles)), h('tbody', {}, rows.map((row) => h('tr', {},
    h('th', { scope: 'row' }, h('code', {}, row.name), row.required && h('span.mark', {}, 'required')), h('td', {}, row.type), h('td', {}, prose(row.description)))))));
}

function replies(spec, responses) {
  return h('div.replies', {}, Object.entries(responses).map(([status, reference]) => {
    const reply = resolve(spec, reference);
    const schema = reply.content && reply.content['application/json'] && reply.content['application/json'].schema;
    const rows = schema ? fields(spec, schema) : [];
    const head = [statusBadge(Number(status)), ' ', certainty(reply['x-certainty']), ' ', h('span', {}, reply.description)];
    return rows.length ? h('details', {}, h('summary', {}, head), table(rows)) : h('p', {}, head);
  }));
}
