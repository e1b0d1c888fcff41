import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { eventCounters } from '../apps/plugin/src/plugin-events.ts';
import { setUpExposition } from '../packages/adapters/prometheus/src/testing/sources.ts';

const root = resolve(import.meta.dirname, '..');
const read = (path: string) => readFile(join(root, path), 'utf8');

let guide: string;
let alerts: string;
/** Every metric, without its prefix. */
let metrics: ReadonlySet<string>;

beforeAll(async () => {
  [guide, alerts] = await Promise.all([read('docs/monitoring.md'), read('docker/monitoring/alerts.yml')]);
  const text = await setUpExposition({ counters: eventCounters }).exposition.render(undefined);
  metrics = new Set([...text.matchAll(/^# TYPE vault_swarm_plugin_(\S+) /gm)].map(([, name]) => name ?? ''));
});

/** The metrics that a text names in full, without what a histogram adds to its name. */
function namedIn(text: string): readonly string[] {
  const names = [...text.matchAll(/vault_swarm_plugin_([a-z_]*[a-z])/g)].map(([, name]) => name ?? '');
  return [...new Set(names)].map((name) => (metrics.has(name) ? name : name.replace(/_(bucket|count|sum)$/, '')));
}

test('the guide explains exactly the existing metrics', () => {
  const explained = new Set(
    [...guide.slice(guide.indexOf('## Metrics')).matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([a-z_]+)(?:\{[a-z,]+\})?`/g)].map(([, name]) => name ?? ''),
    ),
  );
  expect([...explained].sort()).toEqual([...metrics].sort());
});

test.each(['docs/monitoring.md', 'docs/guides/operate.md', 'docker/monitoring/alerts.yml'])(
  '%s names only metrics that there are',
  async (path) => {
    expect(namedIn(await read(path)).filter((name) => !metrics.has(name))).toEqual([]);
  },
);

test('the dashboard queries only existing metrics, and explains each panel', async () => {
  const text = await read('docker/monitoring/grafana-dashboard.json');
  expect(namedIn(text).filter((name) => !metrics.has(name))).toEqual([]);
  const { panels } = JSON.parse(text) as { panels: readonly { type: string; title: string; description?: string }[] };
  const unexplained = panels.filter(({ type, description }) => type !== 'row' && (description ?? '') === '');
  expect(unexplained.map(({ title }) => title)).toEqual([]);
});

test('every alert has a section that says what to do, and a test', async () => {
  const names = [...alerts.matchAll(/- alert: (\S+)/g)].map(([, name]) => name ?? '');
  const headings = [...guide.matchAll(/^### (VaultSwarm\S+)$/gm)].map(([, name]) => name ?? '');
  expect(headings).toEqual(expect.arrayContaining(names));
  expect(names).toEqual(expect.arrayContaining(headings));
  const urls = [...alerts.matchAll(/runbook_url: (\S+)/g)].map(([, url]) => url);
  expect(urls).toEqual(names.map((name) => `docs/monitoring.md#${name.toLowerCase()}`));
  const tests = await read('docker/monitoring/alerts.test.yml');
  for (const name of names) {
    expect(tests).toContain(`alertname: ${name}\n        exp_alerts: []`);
    expect(tests).toContain(`alertname: ${name}\n        exp_alerts:\n`);
  }
});

test('every link within the guide leads to a section of it', () => {
  const anchors = [...guide.matchAll(/^##+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^a-z0-9 -]/g, '')
      .replaceAll(' ', '-'),
  );
  const links = [...guide.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor);
  expect(links.filter((anchor) => !anchors.includes(anchor ?? ''))).toEqual([]);
});
