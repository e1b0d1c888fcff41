import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { coreEvents, EventCatalog } from '@vault-swarm/metrics';
import type { ProductEvent, TimedEvent } from '@vault-swarm/provider';
import { describe, expect, test } from 'vitest';
import type { LoggingConfig } from './config.ts';
import { createLogger } from './logger.ts';

const AT_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

const refused: TimedEvent = {
  type: 'delivery.failed',
  secret: 'db-password',
  service: 'web',
  task: 'abc',
  provider: 'vault',
  code: 'NOT_FOUND',
  message: 'there is no secret/app/db',
  durationMs: 12.5,
  atMs: AT_MS,
};
const passed: TimedEvent = { type: 'reconcile.completed', durationMs: 4, orchestratorAnswered: true, atMs: AT_MS };
const recovered: TimedEvent = { type: 'orchestrator.recovered', atMs: AT_MS };

function write(config: Partial<LoggingConfig>, ...events: readonly TimedEvent[]): readonly string[] {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  const { log } = createLogger(
    { level: 'info', format: 'json', ...config },
    { stream, catalog: new EventCatalog(coreEvents('Docker')) },
  );
  for (const event of events) log(event);
  const text = chunks.join('');
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

describe('as JSON', () => {
  test('an event is one line with time, level, a sentence, and what an operator needs', () => {
    const lines = write({}, refused);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        time: '2026-01-02T03:04:05.678Z',
        level: 'error',
        event: 'delivery.failed',
        message: 'could not deliver secret db-password to service web: there is no secret/app/db (NOT_FOUND)',
        secret: 'db-password',
        service: 'web',
        task: 'abc',
        provider: 'vault',
        code: 'NOT_FOUND',
        detail: 'there is no secret/app/db',
        duration_ms: 12.5,
      },
    ]);
    expect(lines[0]).toMatch(/^\{"time":"[^"]+","level":"error","event":"delivery.failed","message":/);
  });

  test('a failed rollout says why in words and in a word', () => {
    const event: ProductEvent = {
      type: 'rollout.failed',
      service: 'web',
      secrets: ['db'],
      reason: 'paused',
      message: 'update paused due to failure',
    };
    expect(JSON.parse(write({}, { ...event, atMs: AT_MS })[0] ?? '')).toMatchObject({
      message: 'the rollout of secret db to service web was paused by Docker: update paused due to failure',
      reason: 'paused',
      detail: 'update paused due to failure',
    });
  });
});

test('as text an event is one readable line', () => {
  expect(write({ format: 'text' }, refused, recovered)).toEqual([
    '2026-01-02T03:04:05.678Z error delivery.failed: could not deliver secret db-password to service web: there is no secret/app/db (NOT_FOUND)',
    '2026-01-02T03:04:05.678Z info  orchestrator.recovered: Docker answers again',
  ]);
});

test.each([
  ['error', ['delivery.failed']],
  ['info', ['delivery.failed', 'orchestrator.recovered']],
  ['debug', ['delivery.failed', 'orchestrator.recovered', 'reconcile.completed']],
] as const)('at level %s only what matters as much is logged', (level, types) => {
  const lines = write({ level }, refused, recovered, passed);
  expect(lines.map((line) => JSON.parse(line).event)).toEqual(types);
});

describe('a name with control characters', () => {
  const name = 'a\nb\r\u2028c\u0085d\u001b[2Je\u202ef';
  const event: TimedEvent = { ...refused, secret: name, message: name };

  test.each(['json', 'text'] as const)('is still one line that a terminal shows as it is, as %s', (format) => {
    const lines = write({ format }, event);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^[\x20-\x7e]+$/);
  });

  test('reads back unchanged from JSON', () => {
    expect(JSON.parse(write({}, event)[0] ?? '').secret).toBe(name);
  });
});

test('a burst keeps its order, and every line', () => {
  const burst = Array.from({ length: 5000 }, (_, atMs): TimedEvent => ({ type: 'orchestrator.recovered', atMs }));
  const times = write({}, ...burst).map((line) => Date.parse(JSON.parse(line).time));
  expect(times).toEqual(burst.map(({ atMs }) => atMs));
});

test('the plugin continues if its log is no longer read', async () => {
  const logger = fileURLToPath(new URL('./index.ts', import.meta.url));
  const script = `
    const { errorMonitor } = await import('node:events');
    const { createLogger } = await import(${JSON.stringify(logger)});
    const { log } = createLogger({ level: 'info', format: 'json' }, { catalog: { record: (event) => event, severityOf: () => 'info' } });
    process.stderr.once(errorMonitor, () => setImmediate(() => {
      log({ type: 'orchestrator.recovered', atMs: 0 });
      setImmediate(() => process.stdout.write('alive', () => process.exit(0)));
    }));
    process.stdin.once('data', () => {
      for (let atMs = 0; atMs < 1000; atMs++) log({ type: 'orchestrator.recovered', atMs });
    });
    process.stdout.write('ready');`;
  const child = spawn(process.execPath, ['--conditions=@vault-swarm/source', '--input-type=module', '--eval', script]);
  const exit = once(child, 'exit');
  let output = '';
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk) => {
      output += String(chunk);
      if (output.startsWith('ready')) resolve();
    });
  });
  await Promise.race([ready, exit]);
  child.stderr.destroy();
  child.stdin.write('go');
  expect(await exit).toEqual([0, null]);
  expect(output).toBe('readyalive');
});
