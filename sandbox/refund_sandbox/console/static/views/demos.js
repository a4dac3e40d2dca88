/** Stories: scripted demos that play step by step. Each step shows the call, the reply and the ledger. */

import { curl } from '../api.js';
import { fill, h } from '../dom.js';
import { NAMES } from '../format.js';
import { badge, bar, block, copier, failure, figures, replyBlock } from '../components.js';
import { Player } from '../demo_run.js';

const PAUSE = 2500;

export async function open(root, [id]) {
  const book = await (await fetch('/_console/demos.json')).json();
  const story = book.stories.find((one) => one.id === id);
  return story ? play(root, book, story) : list(root, book);
}

function list(root, book) {
  const cards = book.stories.map((story, place) => h('li.card', {},
    h('p.faint', {}, `${place + 1} · ${NAMES[story.api]} · ${story.steps.length} steps`),
    h('h2', {}, h('a', { href: `#/stories/${story.id}` }, story.title)), h('p', {}, story.summary)));
  fill(root, h('div.head', {}, h('h1', {}, 'Stories')),
    h('p', {}, 'Each story plays in a workspace of its own, on a fresh demo world. Yours stays as it is.'), h('ol.catalogue.stories', {}, cards));
}

async function play(root, book, story) {
  const player = new Player(book, story);
  const steps = h('ol.steps');
  const said = h('p', { role: 'status', class: 'hidden' });
  const next = h('button.primary', { type: 'button', onclick: () => advance() }, 'Next');
  const auto = h('button', { type: 'button', 'aria-pressed': 'false', onclick: toggle }, 'Auto');
  const again = h('button', { type: 'button', onclick: begin }, 'From the start');
  const place = h('span.faint');
  const following = book.stories[book.stories.indexOf(story) + 1];
  const onward = h('a', { href: following ? `#/stories/${following.id}` : '#/stories', hidden: true }, following ? `Next story: ${following.title}` : 'All stories');
  const head = h('div.card.ledger');
  fill(root, h('div.head', {}, h('h1', {}, story.title), h('a', { href: '#/stories' }, 'All stories')), h('p', {}, story.summary), head,
    h('p', { class: 'actions sticky' }, next, auto, again, place, onward), said, steps);
  let timer = 0;
  let busy = false;

  async function begin() {
    stop();
    fill(steps);
    try {
      fill(head, ledger(player, story.steps[0], await player.begin()));
    } catch (error) {
      fill(steps, failure(error, begin));
    }
    follow();
  }
  function follow() {
    onward.hidden = !player.done;
    if (player.done && document.activeElement === next) onward.focus({ preventScroll: true });
    next.disabled = auto.disabled = player.done;
    place.textContent = player.done ? 'The end.' : `Step ${player.place + 1} of ${story.steps.length}`;
    steps.dataset.done = String(player.done);
  }
  async function advance() {
    if (busy || player.done) return;
    busy = true;
    const waiting = h('li.card.step', {}, h('p.say', {}, story.steps[player.place].say), h('p.loading', {}, 'Sent …'));
    steps.append(waiting);
    try {
      const result = await player.play();
      waiting.replaceWith(step(player, result));
      fill(head, ledger(player, result.step, result.after));
      said.textContent = `${result.step.learn}`;
      steps.lastElementChild.scrollIntoView({ block: 'nearest', behavior: calm() ? 'auto' : 'smooth' });
    } catch (error) {
      waiting.replaceWith(failure(error, begin));
      stop();
    }
    busy = false;
    follow();
  }
  function toggle() {
    timer ? stop() : start();
  }
  function start() {
    auto.setAttribute('aria-pressed', 'true');
    auto.textContent = 'Pause';
    const turn = async () => {
      await advance();
      timer = timer && !player.done ? setTimeout(turn, PAUSE) : stop();
    };
    timer = setTimeout(turn, 0);
  }
  function stop() {
    clearTimeout(timer);
    auto.setAttribute('aria-pressed', 'false');
    auto.textContent = 'Auto';
    timer = 0;
    return 0;
  }
  await begin();
  return stop;
}

const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** The ledger of the order that a step is about. */
function ledger(player, step, order) {
  const { api, id } = player.subject(step);
  const [gauge, numbers] = [bar(), figures()];
  gauge.show(order);
  numbers.show(order);
  const link = h('a', { href: `${player.within}/#/orders/${api}/${id}` }, `${NAMES[api]} order ${id}`);
  return [h('p.states', {}, link, ' ', badge(order.state).element, order.subscription && [' Subscription ', badge(order.subscription).element]), numbers.element, gauge.element];
}

function step(player, { step: one, before, after, reply, surprises }) {
  const request = player.request(one);
  const verdict = surprises.length
    ? h('p.notice.error', {}, `Not as the story goes: ${surprises.join('; ')}.`)
    : h('p.notice.good', {}, h('span', { 'aria-hidden': 'true' }, '✓ '), one.learn);
  return h('li.card.step', { 'data-surprises': surprises.length },
    h('p.say', {}, one.say),
    h('div.sides', {}, block(one.control ? 'Control call' : 'Call', curl(request, player.within), { actions: [copier('Copy', () => curl(request, player.within))], kind: 'curl' }).element, replyBlock(reply, { folded: Boolean(one.control) })),
    changes(before, after), verdict);
}

/** What the ledger says before and after a step. */
function changes(before, after) {
  const cells = ['paid', 'refunded', 'left'].map((name) => {
    const [old, now] = [before, after].map((order) => (order[name] / 10 ** order.decimals).toFixed(order.decimals));
    return h('div', { class: `figure ${name}${old === now ? '' : ' moved'}` }, h('dt', {}, name), h('dd', {}, old === now ? now : `${old} → ${now}`));
  });
  const [was, is] = [before.subscription, after.subscription];
  const plan = (was || is) && h('div', { class: `figure${was === is ? '' : ' moved'}` }, h('dt', {}, 'subscription'), h('dd', {}, was === is ? is : `${was} → ${is}`));
  return h('dl.figures.small', {}, cells, plan);
}
