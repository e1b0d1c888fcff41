import { expect, test } from 'vitest';
import { asOpenMetrics } from './open-metrics.ts';

test('a counter is declared without _total, and its samples keep it', () => {
  expect(
    asOpenMetrics('# HELP a_total How often, in _total\n# TYPE a_total counter\na_total{b="_total counter"} 1'),
  ).toBe('# HELP a How often, in _total\n# TYPE a counter\na_total{b="_total counter"} 1');
});

test('all else stays as it is', () => {
  const family = '# HELP a_bytes Size of a_total\n# TYPE a_bytes gauge\na_bytes 1';
  expect(asOpenMetrics(family)).toBe(family);
});
