/** The page of one operation: description, fidelity, a form to send it, its fields and its replies. */

import { statusBadge, withCode } from '../components.js';
import { h } from '../dom.js';
import { fields, resolve, typeOf } from './schema.js';
import { tryItForm } from './try_it.js';

const TONES = { measured: 'good', documented: 'good', observed: 'neutral', assumed: 'warm' };

/** The fidelity of a behaviour, from the spec's `x-certainty`. */
export function fidelityBadge(word) {
  return word ? h('span', { class: `badge ${TONES[word] || ''}` }, word) : null;
}

/** A description as paragraphs. */
export function prose(text = '') {
  return text.trim().split(/\n\s*\n/).map((paragraph) => h('p', {}, withCode(paragraph)));
}

export async function operationPage(api, spec, operation, order) {
  const body = operation.requestBody && operation.requestBody.content['application/json'];
  const declared = operation.parameters.map((one) => resolve(spec, one));
  const parameters = declared.filter((one) => one.in === 'path');
  const [rows, queryRows] = ['path', 'query'].map((place) => declared.filter((one) => one.in === place).map((one) => ({ ...one, type: typeOf(spec, one.schema) })));
  const access = accessRules(operation);
  return [
    h('header', {}, h('h1', {}, operation.summary), fidelityBadge(operation['x-certainty'])),
    h('p', {}, h('code', { class: 'path' }, `${operation.method} ${operation.path}`)),
    prose(operation.description), access && h('p.faint', {}, access),
    await tryItForm(api, spec, operation, parameters, body && body.schema, order),
    rows.length > 0 && [h('h2', {}, 'Path parameters'), fieldTable(rows)],
    queryRows.length > 0 && [h('h2', {}, 'Query parameters'), fieldTable(queryRows)],
    body && [h('h2', {}, 'Request body'), fieldTable(fields(spec, body.schema))],
    h('h2', {}, 'Replies'), replies(spec, operation.responses),
  ];
}

/** The credentials that an operation needs, as text. */
function accessRules(operation) {
  const groups = operation['x-groups'];
  const isPublic = Array.isArray(operation.security) && operation.security.length === 0;
  return [
    groups && `Requires a key of group ${groups.join(' or ')}.`,
    operation['x-permission'] && `Requires the permission ${operation['x-permission']}.`,
    isPublic && 'Public: requires no credentials.',
  ].filter(Boolean).join(' ');
}

export function fieldTable(rows, nameTitle = 'Field') {
  const titles = [nameTitle, 'Type', 'Description'].map((title) => h('th', { scope: 'col' }, title));
  if (!rows.length) return h('p.faint', {}, 'No fields.');
  return h('div.scroll', { tabindex: 0, role: 'region', 'aria-label': 'Fields' }, h('table.fields-table', {}, h('thead', {}, h('tr', {}, titles)), h('tbody', {}, rows.map((row) => h('tr', {},
    h('th', { scope: 'row' }, h('code', {}, row.name), row.required && h('span.mark', {}, 'required')), h('td', {}, row.type), h('td', {}, prose(row.description)))))));
}

export function replies(spec, responses) {
  return h('div.replies', {}, Object.entries(responses).map(([status, reference]) => {
    const reply = resolve(spec, reference);
    const schema = reply.content && reply.content['application/json'] && reply.content['application/json'].schema;
    const rows = schema ? fields(spec, schema) : [];
    const head = [statusBadge(Number(status)), ' ', fidelityBadge(reply['x-certainty']), ' ', h('span', {}, withCode(reply.description))];
    return rows.length ? h('details', {}, h('summary', {}, head), fieldTable(rows)) : h('p', {}, head);
  }));
}
