import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startBrowser } from '../testing/browser.ts';
import { troubledWorld, wellWorld } from '../testing/scenarios.ts';
import { ScriptedPlugin } from '../testing/scripted-plugin.ts';
import { accessibilityProblems, openPage, type WatchedPage } from '../testing/watched-page.ts';
import { before } from '../testing/world.ts';

let browser: Browser;
let plugin: ScriptedPlugin;
let watched: WatchedPage;
let page: Page;

beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  plugin = new ScriptedPlugin(wellWorld());
  await plugin.start();
  watched = await openPage(browser, plugin.url);
  ({ page } = watched);
  await page.locator('#health-title').waitFor();
});
afterEach(async () => {
  expect(watched.errors).toEqual([]);
  await watched.close();
  await plugin.stop();
});

const rotateApi = () => page.getByRole('button', { name: 'Rotate service shop_api' });

test('shows what a rotation would do, and rotates only when that is confirmed', async () => {
  await rotateApi().click();
  const dialog = page.getByRole('dialog', { name: 'Rotate service shop_api' });
  await dialog.getByText('8 tasks of 1 service would be replaced').waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  expect(plugin.rotated).toEqual([]);
  await dialog.getByRole('button', { name: 'Replace 8 tasks' }).click();
  await dialog.getByText('is updated as soon as there is capacity').waitFor();
  expect(plugin.rotated).toEqual([{ service: 'shop_api' }]);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await dialog.waitFor({ state: 'detached' });
});

test('Escape changes nothing, and the focus returns', async () => {
  await rotateApi().focus();
  await page.keyboard.press('Enter');
  const confirm = page.getByRole('button', { name: 'Replace 8 tasks' });
  await confirm.waitFor();
  // The focus does not leave the dialog, however far one goes.
  for (let steps = 0; steps < 8; steps++) {
    await page.keyboard.press('Tab');
    const isOutside = await page.evaluate(() => document.activeElement?.closest('dialog, body')?.tagName === 'MAIN');
    expect(isOutside).toBe(false);
  }
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Rotate service shop_api');
  expect(plugin.rotated).toEqual([]);
});

test('if there is nothing to do, nothing can be confirmed', async () => {
  plugin.world = { ...plugin.world, plan: { services: [] } };
  await rotateApi().click();
  await page.getByText('Nothing to do').waitFor();
  expect(await page.getByRole('dialog').getByRole('button').allInnerTexts()).toEqual(['Cancel']);
});

test('tasks that have the newest values are restarted only on a second request, and it warns of values that failed', async () => {
  const entry = { name: 'shop_api', secrets: ['db_password'], tasks: 8, waiting_reason: null };
  plugin.world = { ...plugin.world, plan: { services: [{ ...entry, outcome: 'up-to-date', tasks: 0 }] } };
  await rotateApi().click();
  const failed = { secrets: ['db_password'], service: 'shop_web', since: before(720), reason: 'exit code 1' };
  const again = page.getByRole('button', { name: 'Restart the tasks anyway…' });
  await again.waitFor();
  plugin.world = { ...plugin.world, plan: { services: [{ ...entry, outcome: 'restarted', failed_before: failed }] } };
  await again.click();
  const dialog = page.getByRole('dialog', { name: 'Restart the tasks of shop_api' });
  await dialog.getByText('made tasks of shop_web fail').waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Replace 8 tasks' }).click();
  await expect.poll(() => plugin.rotated).toEqual([{ service: 'shop_api', force: true }]);
});

test('a service and a secret have a page with their history, which has an address and links to the other', async () => {
  await page.getByRole('button', { name: 'shop_api', exact: true }).click();
  await page.getByRole('link', { name: 'shop_api', exact: true }).click();
  await page.getByRole('heading', { name: 'Service shop_api' }).waitFor();
  await page.getByRole('heading', { name: 'History' }).waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.getByRole('link', { name: 'db_password' }).click();
  await page.getByRole('heading', { name: 'Secret db_password' }).waitFor();
  expect(new URL(page.url()).hash).toBe('#secret=db_password');
  await page.reload();
  await page.getByRole('heading', { name: 'Secret db_password' }).waitFor();
  await page.getByRole('button', { name: '← All secrets' }).click();
  await page.getByRole('columnheader', { name: 'Revision' }).waitFor();
});

test('a client with read access sees that in advance, and can still see what is due', async () => {
  plugin.become({ ...plugin.world, overview: { ...plugin.world.overview, access: 'view' } });
  await page.locator('.rotate[aria-disabled="true"]').first().waitFor();
  expect(await rotateApi().getAttribute('title')).toBe(
    'You have read access only: sign in with the full token to rotate',
  );
  await rotateApi().click({ force: true });
  expect(await page.getByRole('dialog').count()).toBe(0);
  await page.getByRole('button', { name: 'Show what is due' }).click();
  await page.getByRole('dialog', { name: 'What is due now' }).getByText('shop_api').waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
});

test('what was quarantined is tried again on request', async () => {
  plugin.become(troubledWorld());
  await page.getByRole('button', { name: 'Retry quarantined revisions…' }).click();
  await page.getByRole('button', { name: 'Replace 2 tasks' }).click();
  await page.getByText('is updated as soon as there is capacity').waitFor();
  expect(plugin.rotated).toEqual([{ quarantined: true }]);
});

test('a rejected rotation is shown with its reason', async () => {
  await rotateApi().click();
  await page.getByRole('button', { name: 'Replace 8 tasks' }).waitFor();
  // The page does not know yet that its right was taken away.
  plugin.world = { ...plugin.world, overview: { ...plugin.world.overview, access: 'view' } };
  await page.getByRole('button', { name: 'Replace 8 tasks' }).click();
  await page.getByRole('alert').getByText('This token may only look.').waitFor();
});
