/** Timeline of an order from its transactions, the request log and the webhook deliveries, with each API's own values. */

import { money, toMinorUnits, words } from './format.js';

/**
 * Entries in no order: `{key, kind, at, title, amount?, state?, text?, link?}`.
 * Kinds are charge, refund, request, subscription, event and delivery.
 */
export function timeline(api, document, summary, requests, deliveries) {
  const fromTransaction = api === 'funnelfox' ? fromFunnelfoxTransaction : fromFluentcartTransaction;
  const times = bookingTimes(requests);
  return [
    ...deliveries.map(fromDelivery),
    ...document.transactions.map((row) => ({ ...fromTransaction(row, summary), ...times.get(String(row.trx_id || row.id)) })),
    ...requests.flatMap(fromRequest),
  ];
}

/** When each transaction was booked, from the request log: it has microseconds, the APIs have seconds. */
function bookingTimes(requests) {
  const times = requests.flatMap((entry) => entry.changes.filter((change) => change.record.endsWith('.transaction') && change.before === null)
    .map((change) => [String(change.key), { at: entry.at }]));
  return new Map(times);
}

function fromFunnelfoxTransaction(row, summary) {
  const refund = row.psp_transaction_type === 'REFUND';
  const notes = [row.psp_reason_message, row.reason && `reason ${row.reason}`, row.comment, row.soft_refund && 'soft refund', row.is_fallback && 'fallback', row.psp];
  return {
    key: `t${row.trx_id}${row.psp_status}`,
    kind: refund ? 'refund' : 'charge',
    at: row.trx_created_at || row.psp_date,
    title: refund ? 'Refund' : 'Charge',
    amount: money((refund ? -1 : 1) * toMinorUnits(row.amount, summary.decimals), summary.decimals, summary.currency),
    state: row.psp_status.toLowerCase(),
    text: notes.filter(Boolean).join(' · '),
  };
}

function fromFluentcartTransaction(row, summary) {
  const refund = row.transaction_type === 'refund';
  const notes = [row.payment_method, row.meta && row.meta.reason && `reason ${row.meta.reason}`, `transaction ${row.id}`, row.vendor_charge_id];
  return {
    key: `t${row.id}${row.status}`,
    kind: refund ? 'refund' : 'charge',
    at: row.created_at,
    title: words(row.transaction_type).replace(/^./, (letter) => letter.toUpperCase()),
    amount: money((refund ? -1 : 1) * row.total, 2, summary.currency),
    state: row.status,
    text: notes.filter(Boolean).join(' · '),
  };
}

function fromRequest(entry) {
  const faults = entry.faults.map((fault) => `fault: ${fault.scenario || fault.at}`);
  const request = {
    key: `r${entry.id}`,
    kind: entry.status < 400 && !entry.connection ? 'request' : 'request bad',
    at: entry.at,
    title: `${entry.operation || entry.method} → ${entry.status}${entry.connection ? `, connection ${entry.connection}` : ''}`,
    link: `#/requests/${entry.id}`,
    text: [...faults, ...entry.warnings, replyMessage(entry.reply.body)].filter(Boolean).join(' · '),
  };
  return [request, ...entry.changes.flatMap((change) => fromChange(entry, change))];
}

/** The message of a reply, if its body has one. */
function replyMessage(body) {
  if (!body || typeof body !== 'object') return '';
  if (body.gateway_refund) return `gateway: ${body.gateway_refund.message}`;
  if (Array.isArray(body.error)) return body.error.map((error) => error.msg).join(' · ');
  return typeof body.message === 'string' ? body.message : '';
}

function fromChange(entry, change) {
  const after = change.after || {};
  const key = `c${entry.id}${change.record}${change.key}`;
  if (change.record.endsWith('.subscription') && after.status) {
    const before = change.before && change.before.status;
    return [{ key, kind: 'subscription', at: entry.at, title: 'Subscription', text: `${before ? `${statusText(before)} → ` : ''}${statusText(after.status)}` }];
  }
  if (change.record.endsWith('.oneoff') && change.before) {
    return [{ key, kind: 'subscription', at: entry.at, title: 'One-off purchase', text: after.is_active === false ? 'revoked' : 'changed' }];
  }
  if (change.record.endsWith('.activity') && after.content) {
    return [{ key, kind: 'event', at: entry.at, title: after.title, text: after.content }];
  }
  return [];
}

const statusText = (status) => (Array.isArray(status) ? status.join(', ') : status);

function fromDelivery(delivery) {
  return {
    key: `d${delivery.id}${delivery.state}${delivery.attempts.length}`,
    kind: 'delivery',
    at: delivery.created_at,
    title: `Webhook ${delivery.topic}`,
    state: delivery.state,
    text: delivery.url,
    link: `#/webhooks/${delivery.id}`,
  };
}
