/** Reads the little a test needs from a page: elements with their attributes, the form they are in, their text. */

export interface PageElement {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** The text within, white space collapsed. */
  readonly text: string;
  /** The index of the form around it. */
  readonly form: number | undefined;
}

interface OpenElement {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly form: number | undefined;
  readonly start: number;
  end: number;
}

const voidTags = new Set(['area', 'base', 'br', 'col', 'embed', 'hr', 'img', 'input', 'link', 'meta', 'source', 'wbr']);
const tagPattern =
  /<!--[\s\S]*?-->|<(script|style)\b((?:"[^"]*"|'[^']*'|[^'">])*)>[\s\S]*?<\/\1\s*>|<(\/?)([a-zA-Z][^\s/>]*)((?:"[^"]*"|'[^']*'|[^'">])*)>/g;
const attributePattern = /([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?/g;

/**
 * All elements of a page in document order. Not a validating parser: it is for pages that are well-formed.
 *
 * @example readHtml('<p id="a">x</p>')[0].text // 'x'
 */
export function readHtml(html: string): readonly PageElement[] {
  const elements: OpenElement[] = [];
  const open: OpenElement[] = [];
  for (const match of html.matchAll(tagPattern)) {
    const [whole, rawTag, rawAttributes, closing, name, attributes] = match;
    const tag = (name ?? rawTag)?.toLowerCase();
    if (tag === undefined) continue;
    if (closing === '/') {
      close(open, tag, match.index);
      continue;
    }
    const element: OpenElement = {
      tag,
      attributes: readAttributes(attributes ?? rawAttributes ?? ''),
      form: tag === 'form' ? elements.length : open.findLast((outer) => outer.tag === 'form')?.form,
      start: match.index + whole.length,
      end: match.index + whole.length,
    };
    elements.push(element);
    if (rawTag === undefined && !voidTags.has(tag)) open.push(element);
  }
  return elements.map(({ tag, attributes, form, start, end }) => ({
    tag,
    attributes,
    form,
    text: textOf(html.slice(start, end)),
  }));
}

/** The text of a piece of HTML, without tags, scripts and styles, white space collapsed. */
export function textOf(html: string): string {
  return decodeEntities(html.replace(tagPattern, ' ')).replace(/\s+/g, ' ').trim();
}

function close(open: OpenElement[], tag: string, end: number): void {
  const index = open.findLastIndex((element) => element.tag === tag);
  if (index === -1) return;
  for (const element of open.splice(index)) element.end = end;
}

function readAttributes(text: string): Readonly<Record<string, string>> {
  const attributes: Record<string, string> = {};
  for (const [, name = '', double, single, bare] of text.matchAll(attributePattern)) {
    attributes[name.toLowerCase()] ??= decodeEntities(double ?? single ?? bare ?? '');
  }
  return attributes;
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

function decodeEntities(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#([0-9]+)|([a-z]+));/gi, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number.parseInt(decimal, 10));
    return entities[name] ?? whole;
  });
}
