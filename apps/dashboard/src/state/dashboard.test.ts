import { signal } from '@preact/signals';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ApiClient } from '../api/client.ts';
import { wellWorld } from '../testing/scenarios.ts';
import { Dashboard } from './dashboard.ts';
import { WHOLE_LIST } from './list-view.ts';
import type { Place } from './location.ts';

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', { visibilityState: 'visible' });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A dashboard before a plugin whose lists have a new tag with each `change`. */
function setUp() {
  const { overview, services, secrets, leases } = wellWorld();
  const asked: string[] = [];
  let tag = 1;
  let stream: WritableStreamDefaultWriter<Uint8Array> | null = null;
  const fetcher = async (url: RequestInfo | URL): Promise<Response> => {
    const path = String(url).replace('api/v1/', '');
    asked.push(path);
    if (path === 'stream') {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      stream = writable.getWriter();
      return new Response(readable);
    }
    const body = {
      overview,
      services: { services, next_cursor: null },
      secrets: { secrets, next_cursor: null },
      leases: { leases, next_cursor: null },
      history: {},
    }[path];
    return Response.json(body ?? { events: [], next_before: null }, { headers: { ETag: `"${tag}"` } });
  };
  const place = signal<Place>({ tab: 'services', view: WHOLE_LIST });
  const api = new ApiClient(fetcher as typeof fetch);
  const dashboard = new Dashboard({ api, place, monotonic: () => performance.now(), random: () => 0 });
  const stop = dashboard.start();
  const say = async (name: string, data: object) => {
    void stream?.write(new TextEncoder().encode(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`));
    await vi.advanceTimersByTimeAsync(0);
  };
  const change = () => {
    tag += 1;
    return say('changed', { secrets: `"${tag}"`, services: `"${tag}"`, leases: `"${tag}"` });
  };
  const askedFor = (path: string) => asked.filter((each) => each === path).length;
  return { dashboard, place, stop, say, change, askedFor };
}

test('asks for what is shown when the stream is open, and for nothing that is not', async () => {
  const { dashboard, stop, askedFor } = setUp();
  await vi.advanceTimersByTimeAsync(0);
  expect([askedFor('services'), askedFor('secrets'), askedFor('history')]).toEqual([1, 0, 1]);
  expect(dashboard.services.body.value?.services).toHaveLength(8);
  stop();
});

test('a list that changes all the time is asked for once a second, and at the end as it is then', async () => {
  const { dashboard, stop, change, askedFor } = setUp();
  await vi.advanceTimersByTimeAsync(0);
  for (let times = 0; times < 20; times++) {
    await change();
    await vi.advanceTimersByTimeAsync(100);
  }
  await vi.advanceTimersByTimeAsync(2_000);
  expect(askedFor('services')).toBeLessThanOrEqual(5);
  expect(dashboard.services.has('"21"')).toBe(true);
  stop();
});

test('the other list is asked for when the user turns to it', async () => {
  const { dashboard, place, stop, askedFor } = setUp();
  await vi.advanceTimersByTimeAsync(0);
  place.value = { ...place.value, tab: 'secrets' };
  await vi.advanceTimersByTimeAsync(0);
  expect(askedFor('secrets')).toBe(1);
  expect(dashboard.secrets.body.value?.secrets).toHaveLength(11);
  stop();
});

test('the credentials that end are read only while something shows them', async () => {
  const { dashboard, stop, change, askedFor } = setUp();
  await vi.advanceTimersByTimeAsync(0);
  await change();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(askedFor('leases')).toBe(0);
  const unwatch = dashboard.watchLeases();
  await vi.advanceTimersByTimeAsync(0);
  expect(dashboard.leases.body.value?.leases).toHaveLength(1);
  await change();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(askedFor('leases')).toBe(2);
  unwatch();
  await change();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(askedFor('leases')).toBe(2);
  stop();
});

test('an overview of the stream is taken over, and its age is counted from then', async () => {
  const { dashboard, stop, say } = setUp();
  await vi.advanceTimersByTimeAsync(0);
  const { overview } = wellWorld();
  await say('overview', { ...overview, plugin: { ...overview.plugin, uptime_seconds: 20_000 }, healthy: false });
  expect(dashboard.overview.value?.healthy).toBe(false);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(dashboard.clock.dataAgeMs.value).toBe(3_000);
  stop();
});

test('everything is asked for again every 30 s, whatever the stream says', async () => {
  const { stop, askedFor } = setUp();
  await vi.advanceTimersByTimeAsync(0);
  const before = askedFor('services');
  await vi.advanceTimersByTimeAsync(20_000);
  expect(askedFor('services')).toBe(before);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(askedFor('services')).toBeGreaterThan(before);
  stop();
});
