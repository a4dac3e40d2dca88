/** Webhooks: endpoints of each API, deliveries with payload, signature and attempts, and resending. */

import { control, findApi, getControl } from '../api.js';
import { badge, codeBlock, copyButton, emptyState, errorNotice, statusLine } from '../components.js';
import { listen } from '../connection.js';
import { coalesce, confirmButton, field, h, setChildren } from '../dom.js';
import { count, dateTime, formatBody, headerText } from '../format.js';
import { virtualList } from '../virtual_list.js';

export async function open(root, [id]) {
  let deliveries = [];
  let selected = id ? Number(id) : null;
  let detailsText = null;
  const status = statusLine();
  const endpoints = h('div.columns');
  const detail = h('div.detail', { 'aria-live': 'polite' });
  const notice = h('div', { hidden: true });
  const list = virtualList({ label: 'Deliveries', height: 52, key: (one) => one.id, row, onSelect: (one) => { selected = one.id; showDetail(); } });
  setChildren(root, h('div.head', {}, h('h1', {}, 'Webhooks'), status.element), endpoints, h('h2', {}, 'Deliveries'),
    h('div.split', {}, h('div.side', {}, list.element, notice), detail));

  async function loadEndpoints() {
    const document = await getControl('/webhooks/targets');
    setChildren(endpoints, Object.entries(document).map(([api, targets]) => endpointsCard(api, targets, saveEndpoints)));
  }
  async function saveEndpoints(api, targets) {
    await status.run(() => control('PUT', '/webhooks/targets', { [api]: targets }), 'Endpoints saved.');
    await loadEndpoints();
  }
  async function loadDeliveries() {
    try {
      deliveries = (await getControl('/webhooks/deliveries?limit=1000')).deliveries;
    } catch (error) {
      return setChildren(detail, errorNotice(error, loadDeliveries));
    }
    list.show(deliveries);
    list.select(selected);
    list.element.hidden = deliveries.length === 0;
    notice.hidden = deliveries.length > 0;
    setChildren(notice, emptyState('No deliveries yet. Add an endpoint and refund an order.'));
    return showDetail();
  }
  function showDetail() {
    const delivery = deliveries.find((one) => one.id === selected);
    const text = JSON.stringify(delivery);
    if (text === detailsText) return;
    detailsText = text;
    const hint = selected ? `Delivery ${selected} not found.` : 'Select a delivery to view its payload, signature and attempts.';
    setChildren(detail, delivery ? describe(delivery, () => resend(delivery)) : emptyState(hint));
  }
  function resend(delivery) {
    return status.run(() => control('POST', `/webhooks/deliveries/${delivery.id}/replay`, {}), `Delivery ${delivery.id} resent.`).then(loadDeliveries);
  }
  const reload = coalesce(loadDeliveries);
  const stops = [listen('delivery', reload), listen('world', () => { reload(); loadEndpoints().catch(() => {}); })];
  await Promise.all([loadEndpoints(), loadDeliveries()]);
  return () => stops.forEach((stop) => stop());
}

function endpointsCard(name, targets, save) {
  const { title, webhooks } = findApi(name);
  const url = h('input', { type: 'url', required: true, placeholder: 'http://127.0.0.1:9000/hook' });
  const secret = webhooks.secret_field && h('input', { autocomplete: 'off' });
  const add = (event) => {
    event.preventDefault();
    const signed = secret && secret.value ? { [webhooks.secret_field]: secret.value } : {};
    save(name, [...targets, { [webhooks.url_field]: url.value, ...signed }]);
  };
  const lines = targets.map((target, index) => h('li', {},
    h('label', {}, h('input', { type: 'checkbox', checked: target.enabled, onchange: (event) => save(name, targets.with(index, { ...target, enabled: event.target.checked })) }), ' ', h('span', {}, target[webhooks.url_field])),
    target[webhooks.secret_field] && h('span.faint', {}, 'signed'), confirmButton('Remove', 'Confirm removal', () => save(name, targets.toSpliced(index, 1)))));
  return h('section.card', {}, h('h2', {}, `${title} endpoints`), h('p.faint', {}, webhooks.rules),
    lines.length ? h('ul.list', {}, lines) : emptyState('No endpoints yet. Add a URL to receive webhooks.'),
    h('form.endpoint', { onsubmit: add }, field('URL', url), secret && field('Signing secret', secret), h('button', { type: 'submit' }, 'Add')));
}

function row(delivery) {
  return [
    h('span.line', {}, badge(delivery.state).element, h('strong', {}, delivery.topic), delivery.fault && h('span.mark', {}, delivery.fault)),
    h('span', { class: 'line faint' }, h('span.clip', {}, delivery.url), h('span.clip', {}, lastAttempt(delivery))),
  ];
}

const SIGNATURE_TONES = { valid: 'good', invalid: 'bad', none: '' };
const SIGNATURE_TEXTS = { valid: 'signature valid', invalid: 'signature invalid', none: 'not signed' };

/** The result of the last attempt, and how many there were. */
function lastAttempt({ attempts }) {
  const last = attempts.at(-1);
  if (!last) return 'no attempt yet';
  return `${last.status ? `HTTP ${last.status}` : last.error} · ${count(attempts.length, 'attempt')}`;
}

function describe(delivery, resend) {
  const attempts = delivery.attempts.map((attempt) => h('li', {}, Object.entries(attempt).map(([name, value]) => `${name} ${value}`).join(' · ')));
  const next = delivery.due ? ` · next attempt ${dateTime(delivery.due)}` : '';
  return [
    h('header', {}, h('h2', {}, delivery.topic), badge(delivery.state).element),
    h('p.faint', {}, `${findApi(delivery.api).title} → ${delivery.url} · event ${delivery.event_id} · ${dateTime(delivery.created_at)} UTC${next}`),
    h('p.actions', {}, h('button', { type: 'button', onclick: resend }, 'Resend'), copyButton('Copy payload', () => formatBody(delivery.body))),
    codeBlock('Payload', formatBody(delivery.body)).element, codeBlock('Headers and signature', headerText(delivery.headers) || '(none)', { actions: [h('span', { class: `badge ${SIGNATURE_TONES[delivery.signature]}` }, SIGNATURE_TEXTS[delivery.signature])] }).element,
    h('h3', {}, 'Attempts'), attempts.length ? h('ol', {}, attempts) : h('p.faint', {}, 'No attempts yet.'),
  ];
}
