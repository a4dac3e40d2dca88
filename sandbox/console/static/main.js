/** Starts the console: finds the view that the address names, shows it, and keeps the frame around it true. */

import { base, onLocked, read, token, workspace } from './api.js';
import { field, fill, h } from './dom.js';
import { NAMES, parts } from './format.js';
import { current, listen, stayConnected, tryNow } from './live.js';
import { failure, loading } from './parts.js';

const VIEWS = {
  orders: ['Orders', () => import('./views/orders.js')],
  order: ['Order', () => import('./views/order.js')],
  requests: ['Requests', () => import('./views/requests.js')],
  failures: ['Failures', () => import('./views/failures.js')],
  webhooks: ['Webhooks', () => import('./views/webhooks.js')],
  world: ['World', () => import('./views/world.js')],
  stories: ['Stories', () => import('./views/stories.js')],
};
const main = document.getElementById('main');
const live = document.getElementById('live');
let close = () => {};
let shown = 0;
let locked = false;

/** `#/orders/fluentcart/1001` is the view `order`, with what follows its name. */
function where() {
  const [name = 'orders', ...rest] = parts(location.hash);
  if (!Object.hasOwn(VIEWS, name) || (name === 'orders' && rest[0] && !Object.hasOwn(NAMES, rest[0]))) return { name: 'orders', rest: [] };
  return { name: name === 'orders' && rest.length > 1 ? 'order' : name, rest };
}

async function show(focus) {
  if (locked) return;
  const turn = ++shown;
  const { name, rest } = where();
  const [title, load] = VIEWS[name];
  document.title = `${title} · refund-sandbox`;
  for (const link of document.querySelectorAll('#views a')) {
    const chosen = link.getAttribute('href') === `#/${name === 'order' ? 'orders' : name}`;
    chosen ? link.setAttribute('aria-current', 'page') : link.removeAttribute('aria-current');
  }
  close();
  close = () => {};
  fill(main, loading());
  try {
    const view = await load();
    if (turn !== shown) return;
    const root = h('div.view', { 'data-view': name });
    const opened = await view.open(root, rest, () => turn === shown);
    if (turn !== shown) return opened && opened();
    close = opened || close;
    fill(main, root);
    if (focus) main.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  } catch (error) {
    if (turn === shown && !locked) fill(main, failure(error, () => show(true)));
  }
}

/** Asks for the admin token, once; what was asked for is shown when it is right. */
function askToken() {
  if (locked) return;
  locked = true;
  shown += 1; // whatever was on its way is not shown
  const input = h('input', { type: 'password', autocomplete: 'off', required: true });
  const wrong = h('p.outcome.error', { role: 'alert' }, token.read() ? 'That is not the admin token.' : '');
  const form = h('form.login', { onsubmit: enter }, h('h1', {}, 'This sandbox is locked'),
    h('p', {}, 'It was started with --admin-token. The token is kept until this tab is closed.'),
    field('Admin token', input), wrong, h('button.primary', { type: 'submit' }, 'Log in'));
  fill(main, form);
  input.focus();

  async function enter(event) {
    event.preventDefault();
    token.keep(input.value);
    try {
      await read('/settings');
    } catch (error) {
      token.forget();
      wrong.textContent = error.status === 401 ? 'That is not the admin token.' : error.message;
      input.select();
      return;
    }
    locked = false;
    tryNow();
    show(true);
  }
}

function showState(state) {
  live.dataset.state = state;
  live.textContent = { connecting: 'connecting', live: 'live', lost: 'no connection', locked: 'locked' }[state];
  document.body.classList.toggle('lost', state === 'lost');
}

onLocked(askToken);
document.getElementById('workspace').textContent = workspace;
document.getElementById('reference').href = `${base}/docs`;
document.getElementById('skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
window.addEventListener('hashchange', () => show(true));
listen('state', showState);
showState(current());
show(false);
stayConnected();
