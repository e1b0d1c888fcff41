import type { Browser, CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBrowser } from '../testing/browser.ts';
import { largeWorld } from '../testing/scenarios.ts';
import { ScriptedPlugin } from '../testing/scripted-plugin.ts';
import { openPage } from '../testing/watched-page.ts';
import { stateOf } from '../testing/world.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());

/** Scrolls from the top to the end of the page, a bit with each frame; gives how many frames that took. */
function scrollThrough(page: Page): Promise<number> {
  return page.evaluate(async () => {
    let frames = 0;
    scrollTo(0, 0);
    for (let top = 0; top < document.documentElement.scrollHeight - innerHeight; top += 180) {
      scrollTo(0, top);
      await new Promise(requestAnimationFrame);
      frames += 1;
    }
    return frames;
  });
}

/** The page's own work so far, in milliseconds of its thread: how busy the machine is else does not count. */
async function workMs(devtools: CDPSession): Promise<number> {
  const { metrics } = await devtools.send('Performance.getMetrics');
  const own = ['ScriptDuration', 'LayoutDuration', 'RecalcStyleDuration'];
  return 1000 * metrics.reduce((sum, { name, value }) => (own.includes(name) ? sum + value : sum), 0);
}

test('1,000 secrets scroll within the time of a frame, with a few rows drawn at a time', async () => {
  const plugin = new ScriptedPlugin(largeWorld(1000, 300));
  await plugin.start();
  const { page, close } = await openPage(browser, plugin.url);
  await page.getByRole('tab', { name: 'Secrets' }).click();
  await page.getByText('1,000 secrets').waitFor();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const before = await workMs(devtools);
  const frames = await scrollThrough(page);
  const perFrame = ((await workMs(devtools)) - before) / frames;
  process.stdout.write(
    `scrolling 1,000 secrets: ${frames} frames, ${perFrame.toFixed(1)} ms of the page's own work in each\n`,
  );
  expect(frames).toBeGreaterThan(200);
  expect(perFrame).toBeLessThan(16);
  expect(await page.locator('table.long tbody').count()).toBeLessThan(80);
  await page.locator('table.long tr[aria-rowindex="1001"]').waitFor();
  await close();
  await plugin.stop();
});

test('a change of one service among 300 costs no more than the list that is asked for again', async () => {
  const plugin = new ScriptedPlugin(largeWorld(1000, 300));
  await plugin.start();
  const { page, close } = await openPage(browser, plugin.url);
  await page.getByText('300 services').waitFor();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  const { world } = plugin;
  const services = world.services.map((service, nth) =>
    nth === 0 ? { ...service, state: stateOf('blocked', 'something new') } : service,
  );
  plugin.become({ ...world, services });
  await page.getByText('something new').waitFor();
  expect(asked.filter((path) => path !== '/api/v1/history')).toEqual(['/api/v1/services']);
  await close();
  await plugin.stop();
});
