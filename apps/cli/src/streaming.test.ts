import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { event, eventsAnswer, overview, problemEntries } from './testing/documents.ts';
import { run } from './testing/run.ts';
import { problem, type ScriptedPlugin, startScriptedPlugin } from './testing/scripted-plugin.ts';

let plugin: ScriptedPlugin;
beforeAll(async () => {
  plugin = await startScriptedPlugin({});
});
afterAll(() => plugin.close());

/** Runs until the text that was written so far fits, then interrupts. */
async function runUntil(args: readonly string[], isEnough: (text: string) => boolean, isTerminal = false) {
  const interrupt = new AbortController();
  let text = '';
  return run([...args, '--url', plugin.url], {
    interrupted: interrupt.signal,
    isTerminal,
    onWrite: (written) => {
      text += written;
      if (isEnough(text)) interrupt.abort();
    },
  });
}

const times = (text: string, part: string) => text.split(part).length - 1;

test('--watch shows the status again and again, and ends with the code of what it showed last', async () => {
  plugin.say({ 'GET /api/v1/overview': overview({ problems: problemEntries('it is broken') }) });
  const { exitCode, stdout } = await runUntil(
    ['status', '--watch', '--interval', '100ms'],
    (text) => times(text, '1. it is broken') === 3,
  );
  expect(stdout).not.toContain('\u001b');
  expect(exitCode).toBe(1);
});

test('--watch continues during an outage of the plugin, and reports it', async () => {
  plugin.say({ 'GET /api/v1/overview': problem(503, 'It starts.') });
  const { exitCode, stdout } = await runUntil(['status', '--watch', '--interval', '100ms'], (text) => {
    plugin.say({ 'GET /api/v1/overview': overview() });
    return text.includes('All is well');
  });
  expect(stdout).toContain('vault-swarm: It starts');
  expect(exitCode).toBe(0);
});

test('--watch draws in place on a terminal, and no more lines than it has', async () => {
  plugin.say({
    'GET /api/v1/overview': overview({
      problems: problemEntries(...Array.from({ length: 50 }, (_, index) => `problem ${index}`)),
    }),
  });
  const { stdout } = await runUntil(['status', '--watch'], (text) => text.includes('\u001b[J'), true);
  expect(stdout.startsWith('\u001b[H')).toBe(true);
  expect(stdout.split('\n')).toHaveLength(23);
});

const sse = (id: number, level: 'info' | 'warn' | 'error' = 'info') =>
  `event: event\nid: ${id}\ndata: ${JSON.stringify(event(id, { level }))}\n\n`;

test('--follow continues after the list, ignores other events, and resumes a broken stream', async () => {
  const lastIds: (string | undefined)[] = [];
  plugin.say({
    'GET /api/v1/events': eventsAnswer(event(2), event(1)),
    'GET /api/v1/stream': (request: { headers: Record<string, string> }, response: ServerResponse) => {
      lastIds.push(request.headers['last-event-id']);
      response.setHeader('Content-Type', 'text/event-stream');
      if (lastIds.length === 1) {
        response.write(`event: overview\ndata: {}\n\n${sse(3)}: a comment\n\n${sse(4).slice(0, 30)}`);
        response.write(sse(4).slice(30));
        setImmediate(() => response.destroy());
      } else {
        response.write(sse(5));
      }
    },
  });
  const { exitCode, stdout } = await runUntil(['events', '--follow'], (text) => text.includes('event 5'));
  expect([...stdout.matchAll(/event (\d)/g)].map(([, id]) => id)).toEqual(['1', '2', '3', '4', '5']);
  expect(lastIds).toEqual(['2', '4']);
  expect(exitCode).toBe(0);
});

test('--follow shows only what matters as much as --level', async () => {
  plugin.say({
    'GET /api/v1/events': eventsAnswer(),
    'GET /api/v1/stream': (_request: unknown, response: ServerResponse) => {
      response.write(sse(1, 'info') + sse(2, 'warn') + sse(3, 'error'));
    },
  });
  const { stdout } = await runUntil(['events', '--follow', '--level', 'warn'], (text) => text.includes('event 3'));
  expect([...stdout.matchAll(/event (\d)/g)].map(([, id]) => id)).toEqual(['2', '3']);
});

test('--follow ends with what is wrong if the stream is refused', async () => {
  plugin.say({ 'GET /api/v1/events': eventsAnswer(), 'GET /api/v1/stream': problem(503, 'Too many streams.') });
  const { exitCode, stderr } = await run(['events', '--follow', '--url', plugin.url]);
  expect(stderr).toContain('Too many streams');
  expect(exitCode).toBe(1);
});

test('events --follow ends at an event that is too large to be one', async () => {
  plugin.say({
    'GET /api/v1/events': eventsAnswer(),
    'GET /api/v1/stream': (_: unknown, response: ServerResponse) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      for (let chunk = 0; chunk < 20 && !response.destroyed; chunk++) response.write(`data: ${'x'.repeat(100_000)}`);
    },
  });
  const { exitCode, stderr } = await run(['events', '--follow', '--url', plugin.url]);
  expect(stderr).toMatch(/exceeded\s+max\s+buffer/);
  expect(exitCode).toBe(3);
});
