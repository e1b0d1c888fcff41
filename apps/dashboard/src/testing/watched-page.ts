import axe, { type AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';

// As text: a test runner rewrites imported names in functions, also in those that run in the browser.
const RUN_AXE = "axe.run(document, { resultTypes: ['violations'] })";

/** How to open a page. */
export interface Looks {
  readonly phone?: boolean;
  readonly dark?: boolean;
}

/** A page, and the errors of the browser. */
export interface WatchedPage {
  readonly page: Page;
  /** Script errors and violations of the policy, without network errors, which tests cause. */
  readonly errors: readonly string[];
  close(): Promise<void>;
}

/** Opens a page in its own profile, so that it shares no session with others. */
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

/** The problems that axe finds in the current page, one per line. */
export async function accessibilityProblems(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>(RUN_AXE);
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('\n')}`,
  );
}

/** How much wider the page is than its window, in CSS pixels. */
export function overflowPx(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
