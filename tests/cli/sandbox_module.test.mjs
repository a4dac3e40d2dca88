import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createServer } from 'node:http';
const { Sandbox, sandbox, isGenuine } = await import(process.env.SANDBOX_MODULE);

test('a refund whose reply is lost is booked', async () => {
  const order = await sandbox.order('funnelfox', { amount: '9.99', refunded: '1.00' });
  await sandbox.fault('reply_lost', { order });
  await assert.rejects(sandbox.refund(order, { amount: '4.99' }));
  await sandbox.assertRefunded(order, '4.99');
  await sandbox.assertRefunded(order, 4.99);
  await sandbox.assertFaultsHit();
  await assert.rejects(sandbox.assertRefunded(order, '5.00'), /should be refunded 1 times \(5.00\); it was refunded 1 times \(4.99\)[^]*lost \(reset\)[^]*fault: reply_lost/);
});
test('faults', async () => {
  const order = await sandbox.order('fluentcart', { paid: 10000 });
  await assert.rejects(sandbox.fault('reply_lost', { match: { orderid: 1 } }), /Did you mean 'order_id'/);
  await assert.rejects(sandbox.fault('reply_lots'), /Unknown scenario 'reply_lots'. Did you mean 'reply_lost'/);
  await assert.rejects(sandbox.assertRefunded(order, 2500), /No requests for this order\. Its base URL is http:.*\/fluent-cart\/v2$/);
  await sandbox.fault('gateway_declined', { order });
  await assert.rejects(sandbox.assertFaultsHit(), /Faults that never hit:\n  gateway_declined/);
  const reply = await (await sandbox.refund(order, { amount: 2500 })).json();
  assert.equal(reply.gateway_refund.status, 'failed');
  await sandbox.assertRefunded(order, 2500);
  await assert.rejects(sandbox.assertRefunded(order, '25.00'), /Amounts of fluentcart are in minor units: 2500\./);
  await assert.rejects(sandbox.assertRefunded(order, 2400), /refunded 1 times \(2500\)\.\n/);
  await sandbox.assertNotRefunded(await sandbox.find('fluentcart', order.id));
});
test('webhooks', async () => {
  const got = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => { body += chunk; }).on('end', () => { got.push([body, request.headers['ff-webhook-signature']]); response.end(); });
  }).listen(0);
  const url = `http://127.0.0.1:${server.address().port}/`;
  await assert.rejects(sandbox.waitForWebhook('refund/settled', { timeout: 0 }), /There are no endpoints\. Use targets\(\)\./);
  await sandbox.targets({ funnelfox: [{ url, signing_secret: 'x' }], fluentcart: url });
  const order = await sandbox.order('funnelfox', { amount: '9.99' });
  for (const amount of ['0.01', '0.02']) {
    await sandbox.refund(order, { amount });
    assert.equal((await sandbox.waitForWebhook('refund/settled', { order })).body.amount_refunded, amount);
  }
  assert.ok(await isGenuine('x', got[0][0], got[0][1]));
  assert.ok(!await isGenuine('y', got[0][0], got[0][1]));
  assert.ok(!await isGenuine('x', got[0][0], undefined));
  await sandbox.trigger('dispute/opened', { order });
  assert.ok(await sandbox.waitForWebhook('dispute/opened', { order }));
  await assert.rejects(sandbox.waitForWebhook('refund/setled'), /Unknown topic/);
  await assert.rejects(sandbox.waitForWebhook('refund/settled', { timeout: 50 }), /no webhook refund\/settled was delivered within 50 ms/);
  server.close(); server.closeAllConnections();
});
test('clock, settings, reset, delete', async () => {
  const other = new Sandbox();
  await other.freeze('2026-01-02'); assert.equal((await other.advance('1h30m')).now, '2026-01-02T01:30:00Z');
  assert.equal((await other.settings({ validation: 'live' })).validation, 'live');
  await other.reset(); await other.delete();
  assert.notEqual(other.workspace, sandbox.workspace);
  await assert.rejects(other.api('nope'), /Unknown API 'nope'/);
});
