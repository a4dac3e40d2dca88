/** Starts the console: builds the navigation, opens the view that the address names, shows the state of the connection. */

import { apis, base, getControl, loadApis, workspace } from './api.js';
import { errorNotice, isUnreachable, loading } from './components.js';
import { connect, connectionState, listen, reconnectNow } from './connection.js';
import { coalesce, h, setChildren } from './dom.js';
import { hashParts } from './format.js';
import { askForToken, isLocked } from './login.js';
import { PAGES, VIEWS } from './views.js';

const CONNECTION_LABELS = { connecting: 'Connecting…', connected: 'Connected', reconnecting: 'Reconnecting…', locked: 'Locked' };
const main = document.getElementById('main');
const connection = document.getElementById('connection');
let close = () => {};
let navigations = 0;
let waitsForConnection = false;
const viewNamed = (name) => VIEWS.find((view) => view.name === name);

/** The view of the current address and the rest of the address: `#/orders/{api}/1001` is the view `order`. */
function currentRoute() {
  const [name = 'home', ...rest] = hashParts(location.hash);
  if (!viewNamed(name)) return { view: viewNamed('home'), rest: [] };
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
  waitsForConnection = false;
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
    if (!isCurrent() || isLocked()) return;
    const list = view.parent && viewNamed(view.parent);
    setChildren(main, errorNotice(error, () => openView(true), list && { href: `#/${list.name}`, title: list.title }));
    waitsForConnection = isUnreachable(error);
  }
}

function showConnection(state) {
  connection.dataset.state = state;
  connection.textContent = CONNECTION_LABELS[state];
  document.body.classList.toggle('reconnecting', state === 'reconnecting');
  if (state === 'connected' && waitsForConnection) openView(false);
}

/** The emulated versions, for the APIs that have one as a setting. */
async function showVersions() {
  await loadApis();
  const settings = await getControl('/settings');
  const versions = apis.filter((api) => settings[api.name].version).map((api) => `${api.title} ${settings[api.name].version}`);
  const chip = document.getElementById('versions');
  chip.hidden = versions.length === 0;
  chip.textContent = versions.join(', ');
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
const reloadVersions = coalesce(() => showVersions().catch(() => {})); // without a connection the old ones stay
listen('world', reloadVersions);
showConnection(connectionState());
openView(false);
reloadVersions();
connect();
