/** Starts the console: builds the navigation, opens the view that the address names, shows the state of the connection. */

import { base, loadApis, workspace } from './api.js';
import { errorNotice, loading } from './components.js';
import { connect, connectionState, listen, reconnectNow } from './connection.js';
import { h, setChildren } from './dom.js';
import { hashParts } from './format.js';
import { askForToken, isLocked } from './login.js';
import { PAGES, VIEWS } from './views.js';

const CONNECTION_LABELS = { connecting: 'Connecting…', connected: 'Connected', reconnecting: 'Reconnecting…', locked: 'Locked' };
const main = document.getElementById('main');
const connection = document.getElementById('connection');
let close = () => {};
let navigations = 0;

/** The view of the current address and the rest of the address: `#/orders/{api}/1001` is the view `order`. */
function currentRoute() {
  const [name = 'orders', ...rest] = hashParts(location.hash);
  const viewNamed = (viewName) => VIEWS.find((view) => view.name === viewName);
  if (!viewNamed(name)) return { view: viewNamed('orders'), rest: [] };
  return { view: viewNamed(name === 'orders' && rest.length > 1 ? 'order' : name), rest };
}

function showNavigation() {
  const items = VIEWS.filter((view) => !view.parent).map((view) => h('li', {}, h('a', { href: `#/${view.name}` }, view.title)));
  setChildren(document.getElementById('views'), items, PAGES.map(([title, path]) => h('li', {}, h('a', { href: base + path }, title))));
}

function markCurrent(view) {
  for (const link of document.querySelectorAll('#views a')) {
    if (link.getAttribute('href') === `#/${view.parent || view.name}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

async function openView(focus) {
  if (isLocked()) return;
  const navigation = ++navigations;
  const isCurrent = () => navigation === navigations;
  const { view, rest } = currentRoute();
  document.title = `${view.title} · refund-sandbox`;
  markCurrent(view);
  close();
  close = () => {};
  setChildren(main, loading());
  try {
    const [module] = await Promise.all([view.load(), loadApis()]);
    if (!isCurrent()) return;
    const root = h('div.view', { 'data-view': view.name });
    const closeView = await module.open(root, rest, isCurrent);
    if (!isCurrent() || isLocked()) return closeView && closeView();
    close = closeView || close;
    setChildren(main, root);
    if (focus) main.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  } catch (error) {
    if (isCurrent() && !isLocked()) setChildren(main, errorNotice(error, () => openView(true)));
  }
}

function showConnection(state) {
  connection.dataset.state = state;
  connection.textContent = CONNECTION_LABELS[state];
  document.body.classList.toggle('reconnecting', state === 'reconnecting');
}

askForToken(main, () => {
  reconnectNow();
  openView(true);
});
showNavigation();
document.getElementById('workspace').append(workspace);
document.getElementById('skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
window.addEventListener('hashchange', () => openView(true));
listen('state', showConnection);
showConnection(connectionState());
openView(false);
connect();
