import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startBrowser } from '../testing/browser.ts';
import { troubledWorld, wellWorld } from '../testing/scenarios.ts';
import { ScriptedPlugin } from '../testing/scripted-plugin.ts';
import { accessibilityProblems, openPage, type WatchedPage } from '../testing/watched-page.ts';

let browser: Browser;
let plugin: ScriptedPlugin;
let watched: WatchedPage | null = null;

beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  plugin = new ScriptedPlugin(wellWorld());
  await plugin.start();
});
afterEach(async () => {
  expect(watched?.errors).toEqual([]);
  await watched?.close();
  await plugin.stop();
});

async function open() {
  watched = await openPage(browser, plugin.url);
  return watched.page;
}

test('a lost connection is shown, old data stays and is marked, and everything is current again after a reconnect', async () => {
  const page = await open();
  await page.getByRole('heading', { name: 'All is well' }).waitFor();
  await plugin.stop();
  await page.getByText('Connection lost.').first().waitFor();
  await page.locator('main.stale').waitFor();
  await expect(page.getByRole('button', { name: 'shop_api', exact: true }).isVisible()).resolves.toBe(true);
  expect(await page.getByRole('button', { name: 'Rotate service shop_api' }).getAttribute('aria-disabled')).toBe(
    'true',
  );
  expect(await accessibilityProblems(page)).toEqual([]);
  plugin.world = troubledWorld();
  await plugin.start();
  await page.getByRole('button', { name: 'Try now' }).click();
  await page.getByRole('heading', { name: /^4 problems/ }).waitFor();
  expect(await page.locator('main.stale').count()).toBe(0);
});

test('asks for the token, says which one is wrong, and lets the right one in', async () => {
  plugin.token = 'the right one';
  const page = await open();
  await page.getByLabel('Token').fill('another');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Invalid token.').waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.getByLabel('Token').fill('the right one');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'All is well' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.locator('#sign-in').waitFor();
  expect(await page.getByText('shop_api').count()).toBe(0);
});

test('a session that ends asks for the token, and loses neither the place nor what was typed', async () => {
  plugin.token = 'the right one';
  const page = await open();
  await page.getByLabel('Token').fill('the right one');
  await page.keyboard.press('Enter');
  await page.getByLabel('Search names').fill('shop');
  await page.getByText('3 of 8 services').waitFor();
  plugin.forgetSessions();
  const dialog = page.getByRole('dialog', { name: 'Sign in' });
  await dialog.getByLabel('Token').fill('the wrong one');
  await page.keyboard.press('Enter');
  await dialog.getByText('Invalid token.').waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await dialog.getByLabel('Token').fill('the right one');
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('Live', { exact: true }).waitFor();
  expect(await page.getByLabel('Search names').inputValue()).toBe('shop');
  await expect(page.getByText('3 of 8 services').isVisible()).resolves.toBe(true);
});
