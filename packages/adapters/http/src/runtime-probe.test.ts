import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { createRuntimeProbe } from './runtime-probe.ts';

test('measures memory and what is in flight', () => {
  const figures = createRuntimeProbe().read();
  expect(figures.allocBytes).toBeGreaterThan(1_000_000);
  expect(figures.heapBytes).toBeGreaterThan(1_000_000);
  expect(figures.sysBytes).toBeGreaterThan(figures.heapBytes);
  expect(figures.operationsInFlight).toBeGreaterThanOrEqual(0);
});

test('counts garbage collections, how long they took, and when the last one ended', async () => {
  const probe = createRuntimeProbe();
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const before = probe.read();
  const startedAtMs = Date.now();
  collect();
  await expect.poll(() => probe.read().gcCycles).toBeGreaterThan(before.gcCycles);
  const after = probe.read();
  expect(after.gcPauseTotalMs).toBeGreaterThan(before.gcPauseTotalMs);
  expect(Math.abs((after.lastGcAtMs ?? 0) - startedAtMs)).toBeLessThan(5000);
});

test('tells the longest time lately that the event loop was held up', async () => {
  const probe = createRuntimeProbe();
  const turn = () => new Promise((resolve) => setTimeout(resolve, 150));
  // On a busy machine the first interval may start late.
  const held = async () => {
    await turn();
    const untilMs = performance.now() + 400;
    while (performance.now() < untilMs);
    await turn();
    return probe.read().eventLoopLagMs;
  };
  await expect.poll(held, { timeout: 30_000 }).toBeGreaterThan(200);
  expect(probe.read().eventLoopLagMs).toBeLessThan(5_000);
});
