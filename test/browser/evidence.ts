/** Collects all that a script in the browser could get hold of, so that a test can search it for tokens. */
import type { BrowserContext, Page } from './chromium.ts';

export interface Evidence {
  /** Looks at what the shown page holds: HTML, cookies and stores that scripts can read. */
  readonly look: (page: Page) => Promise<void>;
  /** All of it; every answer received so far is in it. */
  readonly pieces: () => Promise<readonly Piece[]>;
}

interface Piece {
  /** Where it was found. */
  readonly place: string;
  readonly origin: string;
  readonly text: string;
}

/** Headers that no script gets to see (Fetch, «forbidden response-header name»). */
const hidden: ReadonlySet<string> = new Set(['set-cookie', 'set-cookie2']);

/** Starts to collect in a browser context. */
export function collect(context: BrowserContext): Evidence {
  const pieces: Piece[] = [];
  const pending: Promise<void>[] = [];
  context.on('response', (response) => {
    const { origin, pathname } = new URL(response.url());
    const read = async (): Promise<void> => {
      const headers = (await response.headersArray()).filter(({ name }) => !hidden.has(name.toLowerCase()));
      // A redirect has no body, and a page that is left may take its bodies along.
      const body = await response.text().catch(() => '');
      const text = `${headers.map(({ name, value }) => `${name}: ${value}`).join('\n')}\n\n${body}`;
      pieces.push({ place: `answer of ${pathname}`, origin, text });
    };
    pending.push(read().catch(() => undefined));
  });
  return {
    look: async (page) => {
      const { origin, pathname } = new URL(page.url());
      const found = await page.evaluate(async () => ({
        html: document.documentElement.outerHTML,
        address: location.href,
        'document.cookie': document.cookie,
        localStorage: JSON.stringify(Object.entries(localStorage)),
        sessionStorage: JSON.stringify(Object.entries(sessionStorage)),
        databases: JSON.stringify(await indexedDB.databases()),
        caches: JSON.stringify(await caches.keys()),
        'window.name': window.name,
        'history.state': JSON.stringify(history.state),
        resources: performance
          .getEntries()
          .map(({ name }) => name)
          .join('\n'),
      }));
      for (const [name, text] of Object.entries(found)) pieces.push({ place: `${name} at ${pathname}`, origin, text });
    },
    pieces: async () => {
      await Promise.all(pending);
      return pieces;
    },
  };
}
