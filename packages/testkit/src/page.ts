/** A page as the person in front of the browser has it: what it says, and what can be clicked. */
import { type PageElement, readHtml, textOf } from './html.ts';
import { headerValue, type WireAnswer } from './wire.ts';

export interface Page {
  readonly url: URL;
  /** 0 when the browser handed a private-use scheme over to an app. */
  readonly status: number;
  readonly answer: WireAnswer;
  readonly html: string;
  readonly elements: readonly PageElement[];
  /** All the text, white space collapsed. */
  readonly text: string;
  /** The element with this id. */
  readonly find: (id: string) => PageElement | undefined;
  /** Where a meta refresh leads. */
  readonly refresh: URL | undefined;
  readonly referrerPolicy: string;
  /** The sources of `form-action`; undefined when there is no such directive. */
  readonly formAction: readonly string[] | undefined;
}

/** Reads an answer as a page. */
export function createPage(url: URL, answer: WireAnswer): Page {
  const isHtml = (headerValue(answer, 'content-type') ?? '').startsWith('text/html');
  const elements = isHtml ? readHtml(answer.body) : [];
  return {
    url,
    status: answer.status,
    answer,
    html: answer.body,
    elements,
    text: isHtml ? textOf(answer.body) : answer.body,
    find: (id) => elements.find((element) => element.attributes['id'] === id),
    refresh: refreshOf(url, elements),
    referrerPolicy:
      headerValue(answer, 'referrer-policy')?.split(',').at(-1)?.trim() || 'strict-origin-when-cross-origin',
    formAction: formActionOf(headerValue(answer, 'content-security-policy')),
  };
}

/** Whether the page's `form-action` lets a form, or a redirect after it, go to `target`. */
export function formMayGoTo(page: Page, target: URL): boolean {
  if (page.formAction === undefined) return true;
  return page.formAction.some((source) => {
    if (source === "'self'") return target.origin !== 'null' && target.origin === page.url.origin;
    if (/^[a-z][a-z0-9+.-]*:$/i.test(source)) return target.protocol === source.toLowerCase();
    return URL.canParse(source) && new URL(source).origin === target.origin;
  });
}

/** The `Referer` that a request from this page carries; undefined for none. */
export function refererOf(page: Page, target: URL): string | undefined {
  const whole = `${page.url.origin}${page.url.pathname}${page.url.search}`;
  const sameOrigin = page.url.origin === target.origin;
  switch (page.referrerPolicy) {
    case 'no-referrer':
      return undefined;
    case 'same-origin':
      return sameOrigin ? whole : undefined;
    case 'origin':
    case 'strict-origin':
      return `${page.url.origin}/`;
    default:
      return sameOrigin ? whole : `${page.url.origin}/`;
  }
}

/** The `Origin` of a form post from this page (Fetch, «append a request Origin header»). */
export function originOf(page: Page, target: URL): string {
  if (page.referrerPolicy === 'no-referrer') return 'null';
  if (page.referrerPolicy === 'same-origin' && page.url.origin !== target.origin) return 'null';
  return page.url.origin;
}

function refreshOf(url: URL, elements: readonly PageElement[]): URL | undefined {
  const meta = elements.find(
    ({ tag, attributes }) => tag === 'meta' && attributes['http-equiv']?.toLowerCase() === 'refresh',
  );
  const target = /^\s*\d+\s*[;,]\s*url\s*=\s*["']?(.*?)["']?\s*$/i.exec(meta?.attributes['content'] ?? '')?.[1];
  return target === undefined ? undefined : new URL(target, url);
}

function formActionOf(policy: string | undefined): readonly string[] | undefined {
  const directive = policy
    ?.split(';')
    .map((part) => part.trim().split(/\s+/))
    .find(([name]) => name?.toLowerCase() === 'form-action');
  return directive?.slice(1);
}
