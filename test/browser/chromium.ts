/** Finds and drives the machine's Chromium. Without one the tests are skipped, unless the run must have it. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/** The path of a Chromium; undefined when the machine has none. */
function findChromium(): string | undefined {
  const folders = ['/usr/bin', ...(process.env['PATH'] ?? '').split(delimiter)];
  const places = folders.flatMap((folder) => names.map((name) => join(folder, name)));
  return [process.env['CASTELLAN_CHROMIUM'] ?? '', ...places].find((path) => path !== '' && existsSync(path));
}

const executable = findChromium();
const isRequired = process.env['CASTELLAN_REQUIRE_BROWSER'] === '1';

/** Why the browser tests cannot run; false when they can, or must be tried. */
export const skip: string | false =
  executable === undefined && !isRequired
    ? 'no Chromium on this machine: install chromium, or set CASTELLAN_CHROMIUM to its path'
    : false;

/** Starts it. */
export async function launch(): Promise<Browser> {
  if (executable === undefined) throw new Error('CASTELLAN_REQUIRE_BROWSER is set, and there is no Chromium');
  return chromium.launch({
    executablePath: executable,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** The looks every page must be good in. */
export const looks: Readonly<Record<string, BrowserContextOptions>> = {
  light: { colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  dark: { colorScheme: 'dark', viewport: { width: 1280, height: 800 } },
  phone: { colorScheme: 'light', viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
};

/** What the other looks can get wrong on a page that is sound in the light one. */
const rulesOfLook: Readonly<Record<string, readonly string[]>> = {
  dark: ['color-contrast'],
  phone: ['target-size', 'meta-viewport', 'scrollable-region-focusable', 'hidden-content', 'region'],
};

/** What axe finds wrong with a page, one line for each finding. */
export async function axeFindings(page: Page, look: string): Promise<readonly string[]> {
  const rules = rulesOfLook[look];
  // Our pages have no frames: without the mode for them, axe needs no second page.
  const builder = new AxeBuilder({ page }).setLegacyMode(true);
  const { violations } = await (rules === undefined ? builder : builder.withRules([...rules])).analyze();
  return violations.flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${id}: ${help}: ${html}`));
}

/** Whether the page is wider than the screen, so that one would have to scroll sideways. */
export function isTooWide(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
}

/** Takes a picture when somebody wants to look: `CASTELLAN_SCREENSHOTS` names the folder. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env['CASTELLAN_SCREENSHOTS'];
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** Presses Tab until the element has the focus; fails when it is not reached. */
export async function tabTo(page: Page, id: string): Promise<void> {
  for (let count = 0; count < 40; count += 1) {
    if ((await page.evaluate(() => document.activeElement?.id)) === id) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the keyboard does not reach ${id} at ${page.url()}`);
}

export type { Browser, BrowserContext, Page };
