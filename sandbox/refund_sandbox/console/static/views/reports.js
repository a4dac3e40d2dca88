/** Reports of an API next to the ledger: what each figure says, and why the two differ. */

import { apis, base, getControl } from '../api.js';
import { apiTabs, emptyState, errorNotice, withCode } from '../components.js';
import { listen } from '../connection.js';
import { coalesce, h, setChildren, setText } from '../dom.js';
import { dateTime, money } from '../format.js';

export async function open(root, [name]) {
  const withReports = apis.filter((api) => api.has_reports);
  const api = withReports.find((one) => one.name === name) || withReports[0];
  if (!api) return setChildren(root, h('h1', {}, 'Reports'), emptyState('No emulated API has reports.')) && null;
  const notice = h('div');
  const period = h('p.faint');
  const cards = new Map();
  const list = h('div.reports');
  setChildren(root, h('div.head', {}, h('h1', {}, 'Reports'), withReports.length > 1 && apiTabs('reports', withReports, api)), period, notice, list);

  async function load() {
    try {
      show(await getControl(`/${api.name}/reports`));
      setChildren(notice);
    } catch (error) {
      setChildren(notice, errorNotice(error, load));
    }
  }

  function show({ first, last, figures }) {
    setText(period, `${api.title}, ${dateTime(first)} to ${dateTime(last)} UTC. The report is the reply of the API; the ledger adds up the transactions.`);
    for (const figure of figures) {
      if (!cards.has(figure.title)) {
        cards.set(figure.title, figureCard(api, figure));
        list.append(cards.get(figure.title).element);
      }
      cards.get(figure.title).show(figure);
    }
  }

  const reload = coalesce(load);
  const stops = [
    listen('request', (entry) => entry.api === api.name && entry.changes.length && reload()),
    listen('world', reload),
  ];
  await load();
  return () => stops.forEach((stop) => stop());
}

/** Card of one figure: `element` and `show(figure)`. */
function figureCard(api, { title, operation }) {
  const id = `report-${operation}`;
  const [report, ledger] = [h('dd', { 'data-figure': 'report' }), h('dd', { 'data-figure': 'ledger' })];
  const state = h('p');
  const reasons = h('ul.reasons');
  const reference = `${base}/docs#/${api.name}/${operation}`;
  return {
    element: h('section.card.report', { 'aria-labelledby': id },
      h('h2', { id }, title), h('dl.figures', {}, h('div.figure', {}, h('dt', {}, 'Report'), report), h('div.figure', {}, h('dt', {}, 'Ledger'), ledger)),
      state, reasons, h('p', {}, h('a', { href: reference }, 'Open report in API reference'))),
    show(figure) {
      setText(report, amount(figure.report, figure));
      setText(ledger, amount(figure.ledger, figure));
      const difference = figure.report - figure.ledger;
      state.textContent = difference ? `The report differs by ${amount(difference, figure)}.` : 'The report and the ledger agree.';
      reasons.hidden = figure.differences.length === 0;
      setChildren(reasons, figure.differences.map((one) => reason(api, one, figure)));
    },
  };
}

function amount(value, { decimals }) {
  return decimals ? money(value, decimals) : `${value < 0 ? '−' : ''}${Math.abs(value).toLocaleString('en')}`;
}

/** A reason why the figures differ, with links to some of its orders. */
function reason(api, difference, figure) {
  const links = difference.orders.map((id, index) => [index > 0 && ', ', h('a', { href: `#/orders/${api.name}/${encodeURIComponent(id)}` }, id)]);
  const orders = links.length > 0 && h('span', {}, ` ${links.length > 1 ? 'Orders' : 'Order'} `, links);
  return h('li', {}, difference.amount !== 0 && h('strong', {}, `${amount(difference.amount, figure)} `), withCode(difference.reason), orders);
}
