/** Starts the console: finds the view that the address names, shows it, and keeps the frame around it true. */

import { base, workspace } from './api.js';
import { fill, h } from './dom.js';
import { NAMES, parts } from './format.js';
import { current, listen, stayConnected, tryNow } from './connection.js';
import { askForToken, isLocked } from './login.js';
import { failure, loading } from './components.js';

const VIEWS = {
  orders: ['Orders', () => import('./views/orders.js')],
  order: ['Order', () => import('./views/order.js')],
  requests: ['Requests', () => import('./views/requests.js')],
  failures: ['Failures', () => import('./views/faults.js')],
  webhooks: ['Webhooks', () => import('./views/webhooks.js')],
  world: ['World', () => import('./views/environment.js')],
  stories: ['Stories', () => import('./views/demos.js')],
};
const main = document.getElementById('main');
const live = document.getElementById('live');
let close = () => {};
let shown = 0;

/** `#/orders/fluentcart/1001` is the view `order`, with what follows its name. */
function where() {
  const [name = 'orders', ...rest] = parts(location.hash);
  if (!Object.hasOwn(VIEWS, name) || (name === 'orders' && rest[0] && !Object.hasOwn(NAMES, rest[0]))) return { name: 'orders', rest: [] };
  return { name: name === 'orders' && rest.length > 1 ? 'order' : name, rest };
}

async function show(focus) {
  if (isLocked()) return;
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
    if (turn !== shown || isLocked()) return opened && opened();
    close = opened || close;
    fill(main, root);
    if (focus) main.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  } catch (error) {
    if (turn === shown && !isLocked()) fill(main, failure(error, () => show(true)));
  }
}

function showState(state) {
  live.dataset.state = state;
  live.textContent = { connecting: 'connecting', live: 'live', lost: 'no connection', locked: 'locked' }[state];
  document.body.classList.toggle('lost', state === 'lost');
}

askForToken(main, () => {
  tryNow();
  show(true);
});
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
