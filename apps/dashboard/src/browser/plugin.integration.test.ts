import { join } from 'node:path';
import {
  createDriverSecret,
  createService,
  freePort,
  type OwnEngine,
  type PluginProcess,
  startPlugin,
  startSwarm,
  startVault,
  startVaultProxy,
  tempDirectory,
  type Vault,
  type VaultProxy,
  waitForTaskValues,
} from '@vault-swarm/lab';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startBrowser } from '../testing/browser.ts';
import { accessibilityProblems, openPage, type WatchedPage } from '../testing/watched-page.ts';

const DRIVER = 'dashboard-test';
const FULL = 'the-token-for-everything';
const VIEW = 'the-token-that-may-look';
const IN_TIME = { timeout: 90_000 };

const directory = tempDirectory();
let browser: Browser;
let engine: OwnEngine;
let vault: Vault;
let proxy: VaultProxy;
let plugin: PluginProcess;
let port: number;
let watched: WatchedPage | null = null;

async function start(): Promise<PluginProcess> {
  const env = {
    PLUGIN_NAME: DRIVER,
    DOCKER_HOST: engine.host,
    SECRETS_PROVIDER: 'vault',
    VAULT_ADDR: proxy.addr,
    VAULT_TOKEN: vault.rootToken,
    VAULT_ROTATION_INTERVAL: '1s',
    MONITORING_PORT: String(port),
    MONITORING_TOKEN: FULL,
    MONITORING_VIEW_TOKEN: VIEW,
  };
  const started = await startPlugin({ env, dir: join(directory.path, `plugin-${performance.now()}`) });
  await started.waitReady();
  return started;
}

const write = (path: string, password: string) => vault.request('POST', `secret/data/${path}`, { data: { password } });

/** Signs in, and waits until the Swarm has been seen. */
async function open(token = FULL): Promise<Page> {
  watched = await openPage(browser, `http://127.0.0.1:${port}/`);
  const { page } = watched;
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'web', exact: true }).waitFor(IN_TIME);
  await page.evaluate(() => {
    document.body.dataset.untouched = 'yes';
  });
  return page;
}

const isUntouched = (page: Page) => page.evaluate(() => document.body.dataset.untouched === 'yes');

const reaches = (service: string, secret: string, value: string, replicas = 1) =>
  waitForTaskValues(engine, { service, secret, value, replicas, timeoutMs: 90_000 });

beforeAll(async () => {
  [browser, engine, vault, port] = await Promise.all([
    startBrowser(),
    startSwarm({ dir: join(directory.path, 'engine') }),
    startVault({ dir: join(directory.path, 'vault') }),
    freePort(),
  ]);
  proxy = await startVaultProxy(vault.addr);
  for (const path of ['app', 'picky', 'manual']) await write(path, 'good-1');
  plugin = await start();
  for (const name of ['app', 'picky', 'manual']) {
    const rotate = name === 'manual' ? 'manual' : 'auto';
    const labels = { vault_path: name, vault_field: 'password', rotate };
    await createDriverSecret(engine, { name, driver: DRIVER, labels });
  }
  await createService(engine, { name: 'web', replicas: 2, secrets: ['app'] });
  await createService(engine, { name: 'worker', secrets: ['manual'] });
  await reaches('web', 'app', 'good-1', 2);
  await reaches('worker', 'manual', 'good-1');
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') {
    process.stderr.write(`${plugin.logs().trimEnd().split('\n').slice(-30).join('\n')}\n`);
    process.stderr.write(`${await watched?.page.locator('body').textContent()}\n`);
  }
  expect(watched?.errors).toEqual([]);
  await watched?.close();
});

afterAll(async () => {
  await browser?.close();
  await plugin?.kill('SIGTERM');
  await proxy?.close();
  await Promise.all([engine?.stop(), vault?.stop()]);
  await directory.remove();
});

test('a rotation is seen from its change to its end, without a reload', { timeout: 180_000 }, async () => {
  const page = await open();
  await page.getByRole('heading', { name: 'All is well' }).waitFor(IN_TIME);
  expect(await accessibilityProblems(page)).toEqual([]);
  await write('app', 'good-2');
  const log = page.getByRole('region', { name: 'Log' });
  await log.getByText('service web is rolling to generation').waitFor(IN_TIME);
  await log.getByText('every task of service web has the new revision of secret app').waitFor(IN_TIME);
  await page.getByRole('heading', { name: 'All is well' }).waitFor(IN_TIME);
  await reaches('web', 'app', 'good-2', 2);
  await page.getByRole('button', { name: 'web', exact: true }).click();
  const held = page.getByRole('table', { name: 'Revisions of the running tasks' });
  await held.getByText('2 tasks').waitFor(IN_TIME);
  expect(await isUntouched(page)).toBe(true);
  expect(await page.locator('html').textContent()).not.toMatch(/good-[12]/);
});

test('a secret that is not rotated by itself is rotated by a button, when its plan is confirmed', {
  timeout: 180_000,
}, async () => {
  const page = await open();
  await write('manual', 'good-2');
  await page.getByText('1 task on an old revision').waitFor(IN_TIME);
  await page.getByRole('button', { name: 'Rotate service worker' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('1 task of 1 service would be replaced').waitFor(IN_TIME);
  expect(await accessibilityProblems(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Replace 1 task' }).click();
  await dialog.getByText('is updated as soon as there is capacity').waitFor(IN_TIME);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('region', { name: 'Log' }).getByText('every task of service worker').waitFor(IN_TIME);
  await reaches('worker', 'manual', 'good-2');
  expect(await isUntouched(page)).toBe(true);
});

test('a client with read access sees everything, and can rotate nothing', { timeout: 180_000 }, async () => {
  const page = await open(VIEW);
  const button = page.getByRole('button', { name: 'Rotate service web' });
  expect(await button.getAttribute('aria-disabled')).toBe('true');
  expect(await button.getAttribute('title')).toContain('You have read access only');
  // Nor by going around the page.
  const status = await page.evaluate(async () => {
    const body = JSON.stringify({ service: 'web' });
    const headers = { 'Content-Type': 'application/json' };
    return (await fetch('/api/v1/rotate', { method: 'POST', headers, body })).status;
  });
  expect(status).toBe(403);
});

test('a provider that fails is named with its error and what to do, until it answers again', {
  timeout: 180_000,
}, async () => {
  const page = await open();
  await proxy.refuse();
  await page.getByRole('heading', { name: 'A provider does not answer' }).first().waitFor(IN_TIME);
  await page.getByText('Check that the provider runs and is unsealed').waitFor(IN_TIME);
  await page.getByRole('region', { name: 'Provider vault' }).getByText('UNAVAILABLE').waitFor(IN_TIME);
  expect(await accessibilityProblems(page)).toEqual([]);
  await proxy.accept();
  await page.getByRole('heading', { name: 'All is well' }).waitFor(IN_TIME);
  await page.getByRole('region', { name: 'Provider vault' }).getByText('answers').waitFor(IN_TIME);
  expect(await isUntouched(page)).toBe(true);
});

test('a value that made tasks fail is shown as quarantined, with the service that has the last good one', {
  timeout: 240_000,
}, async () => {
  const command = ['sh', '-c', "grep -q ^bad /run/secrets/picky && exit 1; trap 'exit 0' TERM; sleep 100000 & wait"];
  const updateConfig = { monitor: '3s', failureAction: 'rollback' } as const;
  await createService(engine, { name: 'picky', secrets: ['picky'], command, updateConfig });
  await reaches('picky', 'picky', 'good-1');
  const page = await open();
  await page.getByRole('button', { name: 'picky', exact: true }).waitFor(IN_TIME);
  await write('picky', 'bad-2');
  await page.getByRole('button', { name: 'Retry quarantined revisions…' }).waitFor({ timeout: 120_000 });
  await page.getByRole('tabpanel').getByText('Held back', { exact: true }).first().waitFor(IN_TIME);
  expect(await accessibilityProblems(page)).toEqual([]);
  await write('picky', 'good-3');
  await page.getByRole('heading', { name: 'All is well' }).waitFor({ timeout: 120_000 });
  await reaches('picky', 'picky', 'good-3');
  expect(await isUntouched(page)).toBe(true);
  await engine.dockerBytes('service', 'rm', 'picky');
});

test('a killed plugin is noticed at once, and reconnected in the same place after a new sign-in', {
  timeout: 180_000,
}, async () => {
  const page = await open();
  await page.getByLabel('Search names').fill('work');
  await page.getByText('1 of 2 services').waitFor(IN_TIME);
  await plugin.kill('SIGKILL');
  await page.getByText('Connection lost.').first().waitFor(IN_TIME);
  await page.locator('main.stale').waitFor(IN_TIME);
  plugin = await start();
  const dialog = page.getByRole('dialog', { name: 'Sign in' });
  await dialog.waitFor(IN_TIME);
  await dialog.getByLabel('Token').fill(FULL);
  await page.keyboard.press('Enter');
  await page.getByText('Live', { exact: true }).waitFor(IN_TIME);
  await page.getByText('1 of 2 services').waitFor(IN_TIME);
  expect(await page.locator('main.stale').count()).toBe(0);
  expect(await isUntouched(page)).toBe(true);
});
