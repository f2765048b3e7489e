/** Four pages, told apart by the path; the query belongs to the page. */

export const PAGES = [
  { path: '/', name: 'Studio', load: () => import('./studio/Page.svelte') },
  { path: '/graph', name: 'Graph', load: () => import('./graph/Page.svelte') },
  { path: '/runs', name: 'Runs', load: () => import('./runs/Page.svelte') },
  { path: '/system', name: 'System', load: () => import('./system/Page.svelte') }
] as const;

/** Under which page an address falls: `/runs/name` is the page of runs. */
export function pageOf(path: string) {
  return PAGES.find((page) => page.path !== '/' && (path === page.path || path.startsWith(`${page.path}/`))) ?? PAGES[0];
}

class Router {
  path = $state(location.pathname);
  search = $state(location.search);

  constructor() {
    addEventListener('popstate', () => this.#read());
    document.addEventListener('click', (event) => this.#click(event));
  }

  /** Go to an address of the studio. */
  go(address: string): void {
    history.pushState(null, '', address);
    this.#read();
    scrollTo(0, 0);
  }

  /** Let the address say what is shown, without a step in the browser's history. */
  replace(address: string): void {
    history.replaceState(history.state, '', address);
    this.#read();
  }

  #read(): void {
    this.path = location.pathname;
    this.search = location.search;
  }

  #click(event: MouseEvent): void {
    const anchor = (event.target as Element | null)?.closest?.('a');
    if (!anchor || event.defaultPrevented || event.button || anchor.target || anchor.hasAttribute('download')) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const url = new URL(anchor.href, location.href);
    const ours = PAGES.some((page) => page.path === pageOf(url.pathname).path && (page.path !== '/' || url.pathname === '/'));
    if (url.origin !== location.origin || !ours || url.hash) return;
    event.preventDefault();
    this.go(url.pathname + url.search);
  }
}

export const router = new Router();
