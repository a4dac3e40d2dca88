/** Guided demos: scripts that run step by step. Each step shows the request, the reply and the order's amounts. */

import { base, curl, findApi } from '../api.js';
import { AMOUNT_LABELS, amountFigures, badge, codeBlock, copyButton, errorNotice, orderState, refundBar, replyBlock } from '../components.js';
import { DemoRun } from '../demo_run.js';
import { h, setChildren } from '../dom.js';
import { count, decimalText } from '../format.js';

const PAUSE_MS = 2500;

export async function open(root, [id]) {
  const script = await (await fetch(`${base}/_console/demos.json`)).json();
  const demo = script.demos.find((one) => one.id === id);
  return demo ? openDemo(root, script, demo) : showList(root, script);
}

function showList(root, script) {
  const cards = script.demos.map((demo, index) => h('li.card', {},
    h('p.faint', {}, `${index + 1} · ${findApi(demo.api).title} · ${count(demo.steps.length, 'step')}`),
    h('h2', {}, h('a', { href: `#/demos/${demo.id}` }, demo.title)), h('p', {}, demo.summary)));
  setChildren(root, h('div.head', {}, h('h1', {}, 'Demos')),
    h('p', {}, 'Each demo runs step by step in its own workspace with the demo orders. Your workspace does not change.'), h('ol.cards', {}, cards));
}

async function openDemo(root, script, demo) {
  const run = new DemoRun(script, demo);
  const steps = h('ol.steps');
  const ahead = h('section', {}, h('h2', {}, 'Next steps'), h('ol.ahead'));
  const announcement = h('p', { role: 'status', class: 'hidden' });
  const next = h('button.primary', { type: 'button', onclick: () => runNext() }, 'Next');
  const auto = h('button', { type: 'button', 'aria-pressed': 'false', onclick: toggleAuto }, 'Run all');
  const restart = h('button', { type: 'button', onclick: start }, 'Restart');
  const progress = h('span.faint');
  const following = script.demos[script.demos.indexOf(demo) + 1];
  const nextDemo = h('a', { href: following ? `#/demos/${following.id}` : '#/demos', hidden: true }, following ? `Next demo: ${following.title}` : 'All demos');
  const ledger = h('div.card.ledger');
  setChildren(root, h('div.head', {}, h('h1', {}, demo.title), h('a', { href: '#/demos' }, 'All demos')), h('p', {}, demo.summary), ledger,
    h('p', { class: 'actions sticky' }, next, auto, restart, progress, nextDemo), announcement, steps, ahead);
  let timer = 0;
  let running = false;

  async function start() {
    stopAuto();
    setChildren(steps);
    try {
      setChildren(ledger, ledgerParts(run, demo.steps[0], await run.start()));
    } catch (error) {
      setChildren(steps, errorNotice(error, start));
    }
    showProgress();
  }
  function showProgress() {
    nextDemo.hidden = !run.isDone;
    if (run.isDone && document.activeElement === next) nextDemo.focus({ preventScroll: true });
    next.disabled = auto.disabled = run.isDone;
    ahead.hidden = run.isDone;
    setChildren(ahead.lastElementChild, demo.steps.slice(run.position).map((step) => h('li', {}, step.text)));
    progress.textContent = run.isDone ? 'Demo complete.' : `Step ${run.position + 1} of ${demo.steps.length}`;
    steps.dataset.done = String(run.isDone);
  }
  async function runNext() {
    if (running || run.isDone) return;
    running = true;
    const pending = h('li.card.step', {}, h('p.step-text', {}, demo.steps[run.position].text), h('p.loading', {}, 'Sending …'));
    steps.append(pending);
    try {
      const result = await run.next();
      pending.replaceWith(stepCard(run, result));
      setChildren(ledger, ledgerParts(run, result.step, result.after));
      announcement.textContent = result.step.conclusion;
      steps.lastElementChild.scrollIntoView({ block: 'nearest', behavior: prefersReducedMotion() ? 'auto' : 'smooth' });
    } catch (error) {
      pending.replaceWith(errorNotice(error, start));
      stopAuto();
    }
    running = false;
    showProgress();
  }
  function toggleAuto() {
    if (timer) stopAuto();
    else startAuto();
  }
  function startAuto() {
    auto.setAttribute('aria-pressed', 'true');
    auto.textContent = 'Pause';
    const step = async () => {
      await runNext();
      if (timer && !run.isDone) timer = setTimeout(step, PAUSE_MS);
      else stopAuto();
    };
    timer = setTimeout(step, 0);
  }
  function stopAuto() {
    clearTimeout(timer);
    auto.setAttribute('aria-pressed', 'false');
    auto.textContent = 'Run all';
    timer = 0;
  }
  await start();
  return stopAuto;
}

const prefersReducedMotion = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** The amounts of the order that a step is about. */
function ledgerParts(run, step, order) {
  const { api, id } = run.orderOf(step);
  const [bar, figures] = [refundBar(), amountFigures()];
  bar.show(order);
  figures.show(order);
  const link = h('a', { href: `${run.within}/#/orders/${api}/${id}` }, `${findApi(api).title} order ${id}`);
  return [h('p.states', {}, link, ' ', badge(orderState(order)).element, order.subscription && [' Subscription ', badge(order.subscription).element]), figures.element, bar.element];
}

function stepCard(run, { step, before, after, reply, differences }) {
  const request = run.request(step);
  const command = () => curl(request, run.within);
  const result = differences.length
    ? h('p.notice.error', {}, `Unexpected result: ${differences.join('; ')}.`)
    : h(`p.notice.${step.bad ? 'error' : 'good'}`, {}, h('span', { 'aria-hidden': 'true' }, step.bad ? '✗ ' : '✓ '), step.conclusion);
  const title = step.control ? 'Control API request' : 'Request';
  return h('li.card.step', { 'data-differences': differences.length },
    h('p.step-text', {}, step.text),
    h('div.sides', {}, codeBlock(title, command(), { actions: [copyButton('Copy', command)], kind: 'curl' }).element, replyBlock(reply, { folded: Boolean(step.control) })),
    amountChanges(before, after), result);
}

/** The amounts and the subscription before and after a step. */
function amountChanges(before, after) {
  const amount = (order, name) => decimalText(order[name], order.decimals);
  const change = (name, label, old, now) => h('div', { class: `figure ${name}${old === now ? '' : ' changed-figure'}` }, h('dt', {}, label), h('dd', {}, old === now ? now : `${old} → ${now}`));
  const shown = Object.entries(AMOUNT_LABELS).filter(([name]) => name !== 'pending' || before.pending || after.pending);
  const amounts = shown.map(([name, label]) => change(name, label, amount(before, name), amount(after, name)));
  const subscription = (before.subscription || after.subscription) && change('subscription', 'Subscription', before.subscription, after.subscription);
  return h('dl.figures.small', {}, amounts, subscription);
}
