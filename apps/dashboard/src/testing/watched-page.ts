import axe, { type AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';

// As text: a test runner rewrites imported names in functions, also in those that run in the browser.
const RUN_AXE = "axe.run(document, { resultTypes: ['violations'] })";

/** How a page is checked. */
export interface Looks {
  readonly phone?: boolean;
  readonly dark?: boolean;
}

/** A page, and what the browser had against it. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors of scripts, and what the policy forbade; messages about the network, which tests cut, are left out. */
  readonly errors: readonly string[];
  close(): Promise<void>;
}

/** Opens a page in a profile of its own, so that it shares no session with others. */
export async function openPage(
  browser: Browser,
  url: string,
  { phone = false, dark = false }: Looks = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({
    viewport: phone ? { width: 360, height: 740 } : { width: 1440, height: 900 },
    hasTouch: phone,
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      errors.push(message.text());
  });
  await page.goto(url);
  return { page, errors, close: () => context.close() };
}

/** What axe finds wrong with the page as it is now, a line for each; empty where it finds nothing. */
export async function accessibilityProblems(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>(RUN_AXE);
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('\n')}`,
  );
}

/** By how much the page is wider than its window, in CSS pixels. */
export function overflowPx(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
