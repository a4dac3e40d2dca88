/** What a scenario does to the reply and to the ledger, as lines of text. */

import { apis } from './api.js';

const CONNECTIONS = {
  reset: 'none: the connection is reset', close: 'none: the connection is closed', hang: 'none: the client times out',
  truncate: 'cut off in the middle of its body',
};
const WEBHOOKS = {
  duplicate: 'The next webhook is delivered twice.', reorder: 'The next webhook is delivered after those that follow it.',
  wrong_signature: 'The next webhook has a wrong signature.', drop: 'The next webhook is not delivered.',
};

/** The effect of a scenario: one line, or one for each API if they differ. */
export function effectOf(scenario) {
  const [fault] = scenario.faults;
  const refused = apis.filter((one) => [undefined, null, one.name].includes(fault.api));
  if (fault.at === 'gateway' && fault.error) return refused.map((one) => (refused.length > 1 ? `${one.title}: ${one.refused_refund}` : one.refused_refund));
  return [lineOf(fault)];
}

function lineOf(fault) {
  if (fault.at === 'webhook') return WEBHOOKS[fault.webhook];
  if (fault.hold) return 'Reply: after you release the request. Ledger: booked then.';
  if (fault.at === 'cancel') return 'Reply: the refund succeeds, the cancellation fails. Ledger: refunded, subscription unchanged.';
  const odds = fault.probability ? `${Math.round(fault.probability * 10)} of 10 requests. ` : '';
  if (fault.at === 'before' && (fault.reply || fault.connection)) return `${odds}Reply: ${replyOf(fault)}. Ledger: unchanged.`;
  return `${odds}Reply: ${replyOf(fault)}. Ledger: booked.`;
}

function replyOf({ reply, connection, delay_ms: delay }) {
  const waits = delay ? ` after ${typeof delay === 'object' ? `${delay.min} to ${delay.max}` : delay} ms` : '';
  if (connection) return CONNECTIONS[connection] + waits;
  if (!reply) return `the usual one${waits}`;
  const headers = Object.entries(reply.headers || {}).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP ${reply.status}${waits}`, ...headers].join(', ');
}
