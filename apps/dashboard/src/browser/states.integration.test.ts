import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
} from '../testing/scenarios.ts';
import { ScriptedPlugin } from '../testing/scripted-plugin.ts';
import { accessibilityProblems, type Looks, openPage, overflowPx, type WatchedPage } from '../testing/watched-page.ts';
import type { World } from '../testing/world.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());

/** Checks a state, and then at what the browser had against the page. */
async function look(
  world: World,
  looks: Looks,
  at: (watched: WatchedPage, plugin: ScriptedPlugin) => Promise<void>,
): Promise<void> {
  const plugin = new ScriptedPlugin(world);
  await plugin.start();
  const watched = await openPage(browser, plugin.url, looks);
  try {
    await watched.page.locator('#health-title').waitFor();
    await at(watched, plugin);
    expect(watched.errors).toEqual([]);
  } finally {
    await watched.close();
    await plugin.stop();
  }
}

const worlds: Readonly<Record<string, () => World>> = {
  well: wellWorld,
  rolling: rollingWorld,
  troubled: troubledWorld,
  stopped: stoppedWorld,
  'locked down': lockedDownWorld,
  empty: emptyWorld,
  large: () => largeWorld(1000, 300),
};

describe.each(Object.entries(worlds))('in the state "%s"', (_name, world) => {
  test.each([
    ['light', {}],
    ['dark', { dark: true }],
    ['a phone, dark', { phone: true, dark: true }],
  ] as const)('axe finds nothing wrong, and nothing is cut off: %s', async (_looks, looks) => {
    await look(world(), looks, async ({ page }) => {
      for (const list of ['Services', 'Secrets', ...('phone' in looks ? ['Log'] : [])]) {
        await page.getByRole('tab', { name: list }).click();
        await page.getByRole('tabpanel').locator('table, .first-steps, ol, .note').first().waitFor();
        expect(await accessibilityProblems(page)).toEqual([]);
        expect(await overflowPx(page)).toBe(0);
      }
    });
  });
});

test.each([
  ['a wide screen', {}],
  ['a phone, dark', { phone: true, dark: true }],
] as const)('the help for a problem is loaded when it is opened, and has its steps: %s', async (_name, looks) => {
  await look(troubledWorld(), looks, async ({ page }) => {
    const loaded = () => page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name));
    expect(await loaded()).not.toContainEqual(expect.stringContaining('problem-help'));
    await page.getByText('Help PROVIDER_UNAVAILABLE').click();
    await page.getByText('Check that the provider runs, and for Vault that it is unsealed').waitFor();
    await page.getByText('docs/guides/troubleshooting.md#values-are-stale').waitFor();
    expect(await loaded()).toContainEqual(expect.stringContaining('problem-help'));
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(await overflowPx(page)).toBe(0);
  });
});

test('names that would run as HTML, or turn the text round, are shown as they are', async () => {
  const world = wellWorld();
  const name = '<img src=x onerror=alert(1)>\u202e';
  const services = world.services.map((service) => ({
    ...service,
    name,
    state: { ...service.state, severity: 'warning' as const, message: name },
  }));
  await look({ ...world, services }, {}, async ({ page }) => {
    await page.getByText('<img src=x onerror=alert(1)>\\u{202e}').first().waitFor();
    expect(await page.locator('img').count()).toBe(0);
  });
});

test('tells a new user the command that makes the first secret, with the name of this plugin', async () => {
  await look(emptyWorld(), {}, async ({ page }) => {
    await expect(page.getByText('docker secret create --driver vault-secrets-plugin').isVisible()).resolves.toBe(true);
  });
});

test.each([
  ['a wide screen', {}],
  ['a phone', { phone: true }],
] as const)('a lockdown and warnings about settings are shown, and gone when they are: %s', async (_name, looks) => {
  await look(lockedDownWorld(), looks, async ({ page }, plugin) => {
    const banner = page.getByRole('region', { name: 'Lockdown' });
    await expect(banner.textContent()).resolves.toMatch(
      /A lockdown is active, for 22 min.*vault-swarm lockdown --release/s,
    );
    await page.getByRole('heading', { name: 'Locked down' }).waitFor();
    await page.getByText('2 warnings about settings: VAULT_ADDR, LEDGER_KEY').click();
    await page.getByText('tokens and secrets cross the network without encryption').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(await overflowPx(page)).toBe(0);
    plugin.become(wellWorld());
    await page.getByRole('heading', { name: 'All is well' }).waitFor();
    expect(await banner.count()).toBe(0);
    expect(await page.getByText('about settings').count()).toBe(0);
  });
});

test('a rollout is seen as it goes, with its progress, its events and no reload', async () => {
  await look(wellWorld(), {}, async ({ page }, plugin) => {
    await page.evaluate(() => {
      document.body.dataset.untouched = 'yes';
    });
    plugin.become(rollingWorld());
    await page.getByRole('heading', { name: 'Rolling out to 2 services' }).waitFor();
    await page.getByText('3 of 8 tasks done').waitFor();
    plugin.happen({
      id: 990,
      time: new Date().toISOString(),
      level: 'info',
      event: 'rollout.completed',
      message: 'every task of service shop_web has the new revision',
    });
    await page.getByText('every task of service shop_web has the new revision').first().waitFor();
    plugin.become(wellWorld());
    await page.getByRole('heading', { name: 'All is well' }).waitFor();
    expect(await page.evaluate(() => document.body.dataset.untouched)).toBe('yes');
  });
});

test('a service that is opened shows how many tasks hold which revision', async () => {
  await look(rollingWorld(), {}, async ({ page }) => {
    await page.getByRole('button', { name: 'shop_api', exact: true }).click();
    const detail = page.getByRole('table', { name: 'Revisions of the running tasks' });
    await expect(detail.getByRole('row').allInnerTexts()).resolves.toEqual(
      expect.arrayContaining([
        expect.stringMatching(/db_password\s+v42 current\s+3 tasks/),
        expect.stringMatching(/db_password\s+v41 old\s+provider has v42\s+5 tasks/),
      ]),
    );
    expect(await accessibilityProblems(page)).toEqual([]);
  });
});

test('a service that is opened shows its credentials that end, and follows them', async () => {
  const world = leasedWorld();
  await look(world, {}, async ({ page }, plugin) => {
    await page.getByRole('button', { name: 'shop_web', exact: true }).click();
    const table = page.getByRole('table', { name: 'Credentials that end' });
    await expect.poll(() => table.getByRole('row').allInnerTexts()).toHaveLength(5);
    const rows = (await table.getByRole('row').allInnerTexts()).map((text) => text.replace(/\s+/g, ' '));
    expect(rows[0]).toBe('From State Renewed Ends Rolled Ends with');
    expect(rows[2]).toBe('vault database/creds/shop generation 31 active 20 min ago in 16 h in 9 h its own token');
    expect(rows[3]).toMatch(/^vault pki\/issue\/web .* ends before a rollout can replace it never (in \d+ s|now) - -$/);
    // It ends 40 minutes after the world was made, and the page may be read in the same second.
    expect(rows[4]).toMatch(/renew fails: permission denied.* in (39|40) min in 9 h the plugin's login$/);
    expect(await accessibilityProblems(page)).toEqual([]);
    plugin.become({ ...world, leases: world.leases.slice(1) });
    await expect.poll(() => table.getByRole('row').allInnerTexts()).toHaveLength(4);
  });
});

test('search and filter leave what was asked for, and the address leads back to it', async () => {
  await look(troubledWorld(), {}, async ({ page }) => {
    await page.keyboard.press('/');
    await page.keyboard.type('shop');
    await page.getByText('3 of 8 services').waitFor();
    await page.keyboard.press('Escape');
    await page.getByLabel('Filter').selectOption('problem');
    await page.getByText('3 of 8 services').waitFor();
    await page.reload();
    await page.getByText('3 of 8 services').waitFor();
    expect(page.url()).toContain('#show=problem');
  });
});

test('the lists can be used with the keyboard alone', async () => {
  await look(wellWorld(), {}, async ({ page }) => {
    await page.getByRole('tab', { name: 'Services' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('table', { name: 'Secrets of this driver' }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('tab-secrets');
    await page.getByRole('button', { name: 'Changed' }).press('Enter');
    await page.locator('th[aria-sort="descending"]').waitFor();
    expect(await page.locator('tbody .row-name').first().textContent()).toBe('db_password');
  });
});
