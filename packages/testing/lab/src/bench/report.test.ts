import { expect, it } from 'vitest';
import { count, ms } from './figure.ts';
import { figuresAsMarkdown, makeReport } from './report.ts';

const measured = (...figures: readonly ReturnType<typeof ms>[]) => ({ kind: 'measured' as const, figures });
const run = { commit: 'abc', date: '2026-01-02', machine: { node: 'v26.1.0', arch: 'x64', cpus: 2, model: 'A CPU' } };

it('names the commit, the day and the machine', () => {
  const report = makeReport([]);
  expect(report).toMatchObject({ machine: { node: process.version }, cases: [] });
  expect(report.date).toMatch(/^\d{4}-\d\d-\d\d$/);
  expect(report.commit).toMatch(/^[0-9a-f]{10}\+?$/);
});

it('becomes a table with the goal of each figure', () => {
  const { cases } = makeReport([
    {
      name: 'start',
      heading: '',
      latencyMs: null,
      outcomes: { plugin: measured(ms('start', 90, 80), ms('bare', 50)) },
    },
    { name: 'storm', heading: '', latencyMs: 10, outcomes: { plugin: measured(count('requests', 102, 110)) } },
  ]);
  expect(
    figuresAsMarkdown([{ ...run, cases }]),
  ).toBe(`- 2026-01-02, commit abc, 2 cores of A CPU, x64, Node 26.1.0: \`start\`, \`storm\`

| case | figure | at most | measured |
| --- | --- | --- | --- |
| \`start\` | start | 80.0 ms | 90.0 ms |
| | bare | | 50.0 ms |
| \`storm\`, Vault +10 ms | requests | 110 | 102 |`);
});

it('has the figures of another plugin beside ours, where there are any', () => {
  const outcomes = { plugin: measured(ms('start', 100)), peer: measured(ms('start', 50)) };
  const { cases } = makeReport([{ name: 'start', heading: '', latencyMs: null, outcomes }]);
  expect(figuresAsMarkdown([{ ...run, cases }])).toContain('| `start` | start | | 100 ms | 50.0 ms | 2.00 |');
});
