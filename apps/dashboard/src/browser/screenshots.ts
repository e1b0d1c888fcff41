// `node --conditions=@vault-swarm/source src/browser/screenshots.ts [DIRECTORY]`: a picture of each state of the page,
// for
// its developers. The page must be built.
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { startBrowser } from '../testing/browser.ts';
import {
  emptyWorld,
  largeWorld,
  leasedWorld,
  lockedDownWorld,
  rollingWorld,
  stoppedWorld,
  troubledWorld,
  wellWorld,
  withoutPluginWorld,
} from '../testing/scenarios.ts';
import { ScriptedPlugin } from '../testing/scripted-plugin.ts';
import type { World } from '../testing/world.ts';

interface Picture {
  readonly world: World;
  readonly phone?: boolean;
  readonly dark?: boolean;
  readonly token?: string;
  readonly viewOnly?: boolean;
  /** What to do before the picture is taken. */
  readonly act?: (page: Page, plugin: ScriptedPlugin) => Promise<void>;
}

async function openPage(page: Page, kind: string, name: string): Promise<void> {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, `${kind}=${name}`);
  await page.locator('#history-title').waitFor();
}

const openFirst = (page: Page) => page.locator('.disclose').first().click();

const openHelp = async (page: Page) => {
  await page.locator('.help summary').first().click();
  await page.getByText('More in the documents').waitFor();
};

const openLeased = async (page: Page) => {
  await page.getByRole('button', { name: 'shop_web', exact: true }).click();
  await page.getByText('Credentials that end').waitFor();
};

const pictures: Readonly<Record<string, Picture>> = {
  well: { world: wellWorld() },
  'well-dark': { world: wellWorld(), dark: true },
  rolling: { world: rollingWorld(), act: openFirst },
  'rolling-dark': { world: rollingWorld(), dark: true, act: openFirst },
  leases: { world: leasedWorld(), act: openLeased },
  troubled: { world: troubledWorld() },
  help: { world: troubledWorld(), act: openHelp },
  'phone-help': { world: troubledWorld(), phone: true, dark: true, act: openHelp },
  'troubled-dark': { world: troubledWorld(), dark: true },
  stopped: { world: stoppedWorld() },
  'locked-down': { world: lockedDownWorld() },
  empty: { world: emptyWorld() },
  secrets: { world: troubledWorld(), act: (page) => page.getByRole('tab', { name: 'Secrets' }).click() },
  large: { world: largeWorld(1000, 300), act: (page) => page.mouse.wheel(0, 4000) },
  lost: {
    world: troubledWorld(),
    act: async (page, plugin) => {
      await plugin.stop();
      await page.getByText('Connection lost.').first().waitFor();
    },
  },
  plan: {
    world: wellWorld(),
    act: async (page) => {
      await page.getByRole('button', { name: 'Rotate service shop_api' }).click();
      await page.getByRole('button', { name: 'Replace 8 tasks' }).waitFor();
    },
  },
  service: { world: rollingWorld(), act: (page) => openPage(page, 'service', 'shop_api') },
  'service-dark': { world: troubledWorld(), dark: true, act: (page) => openPage(page, 'service', 'shop_api') },
  secret: { world: wellWorld(), act: (page) => openPage(page, 'secret', 'db_password') },
  managers: { world: withoutPluginWorld() },
  'managers-dark': { world: withoutPluginWorld(), dark: true },
  'phone-managers': { world: withoutPluginWorld(), phone: true },
  'phone-service': { world: rollingWorld(), phone: true, act: (page) => openPage(page, 'service', 'shop_api') },
  'phone-secret': {
    world: wellWorld(),
    phone: true,
    dark: true,
    act: (page) => openPage(page, 'secret', 'db_password'),
  },
  hover: {
    world: wellWorld(),
    act: (page) =>
      page
        .locator('.u-over')
        .first()
        .hover({ position: { x: 130, y: 20 } }),
  },
  'view-only': { world: rollingWorld(), viewOnly: true },
  'sign-in': { world: wellWorld(), token: 'secret' },
  'phone-well': { world: wellWorld(), phone: true },
  'phone-troubled': { world: troubledWorld(), phone: true, dark: true },
  'phone-locked-down': {
    world: lockedDownWorld(),
    phone: true,
    act: (page) => page.getByText('about settings').click(),
  },
  'phone-leases': { world: leasedWorld(), phone: true, dark: true, act: openLeased },
  'phone-secrets': {
    world: troubledWorld(),
    phone: true,
    act: (page) => page.getByRole('tab', { name: 'Secrets' }).click(),
  },
  'phone-log': { world: troubledWorld(), phone: true, act: (page) => page.getByRole('tab', { name: 'Log' }).click() },
};

const directory = resolve(process.argv[2] ?? 'screenshots');
const only = process.argv.slice(3);
await mkdir(directory, { recursive: true });
const browser = await startBrowser();
for (const [name, picture] of Object.entries(pictures)) {
  if (only.length > 0 && !only.includes(name)) continue;
  const { world, phone = false, dark = false, token = null, viewOnly = false, act } = picture;
  const plugin = new ScriptedPlugin(viewOnly ? { ...world, overview: { ...world.overview, access: 'view' } } : world);
  plugin.token = token;
  await plugin.start();
  const page = await browser.newPage({
    viewport: phone ? { width: 360, height: 780 } : { width: 1440, height: 900 },
    deviceScaleFactor: phone ? 2 : 1,
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  });
  page.on('console', (message) => {
    if (message.type() === 'error' && name !== 'lost') process.stderr.write(`${name}: ${message.text()}\n`);
  });
  page.on('pageerror', (error) => process.stderr.write(`${name}: ${error.message}\n`));
  await page.goto(plugin.url);
  await page.locator(token === null ? '#health-title' : '#sign-in').waitFor();
  await page.waitForLoadState('load');
  if (token === null) await page.locator('.chart canvas').first().waitFor();
  await act?.(page, plugin);
  await page.screenshot({ path: join(directory, `${name}.png`), fullPage: phone && name !== 'phone-log' });
  await page.close();
  await plugin.stop();
}
await browser.close();
