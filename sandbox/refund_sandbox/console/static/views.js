/** The views of the console, in the order of the navigation. A new view is one file in `views/` and one entry here. */

/**
 * `name` is the first part of the address after `#/`; `load` imports a module with `open(root, rest, isCurrent)`.
 * A view with a `parent` is not in the navigation: its parent is marked there instead.
 */
export const VIEWS = [
  { name: 'home', title: 'Home', load: () => import('./views/home.js') },
  { name: 'orders', title: 'Orders', load: () => import('./views/orders.js') },
  { name: 'order', title: 'Order', load: () => import('./views/order.js'), parent: 'orders' },
  { name: 'reports', title: 'Reports', load: () => import('./views/reports.js') },
  { name: 'requests', title: 'Requests', load: () => import('./views/requests.js') },
  { name: 'faults', title: 'Faults', load: () => import('./views/faults.js') },
  { name: 'webhooks', title: 'Webhooks', load: () => import('./views/webhooks.js') },
  { name: 'environment', title: 'Environment', load: () => import('./views/environment.js') },
  { name: 'demos', title: 'Demos', load: () => import('./views/demos.js') },
];

/** Entries of the navigation that are pages of their own: title and path. */
export const PAGES = [['API reference', '/docs']];
