import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { fc, holdsFor } from '@vault-swarm/fuzz';
import { driverRequest } from '@vault-swarm/lab';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parseConfiguration } from './configuration.ts';
import { Plugin } from './plugin.ts';
import { CALM, type Hostile, HostileWorld } from './testing/hostile-world.ts';

/** A letter that no text of ours has: a run of it is of one text from outside. */
const MARK = 'Ж';

/** The documented bounds. */
const document = readFileSync(new URL('../../../docs/security.md', import.meta.url), 'utf8');
const MAX_TEXT = documented('one text');
const MAX_MESSAGE = documented('one message, with all texts in it');
const MAX_ANSWERED_ERROR = documented('the error in an answer to a request for a secret');
const MAX_LINE = documented('one line of the log');
const MAX_ANSWER_BYTES = documented('one answer of the monitoring port');

/** What a reader does not see, or a terminal obeys. */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

const lines: string[] = [];
let world: HostileWorld;
let plugin: Plugin;
let monitoring: string;

beforeAll(async () => {
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    lines.push(...String(chunk).split('\n').filter(Boolean));
    return true;
  });
  world = await HostileWorld.start();
  const parsed = parseConfiguration(world.variables, () => '');
  if (!parsed.ok) throw new Error(parsed.problems.map(({ variable, message }) => `${variable} ${message}`).join('; '));
  const dashboard = new URL('../../../packages/adapters/http/src/testing/dashboard', import.meta.url);
  plugin = new Plugin(parsed.configuration, fileURLToPath(dashboard));
  await plugin.start();
  monitoring = await vi.waitUntil(() => addressIn(lines), { timeout: 20_000 });
}, 60_000);

afterAll(async () => {
  await plugin?.stop('the test has ended', AbortSignal.timeout(8_000));
  await world?.stop();
  vi.restoreAllMocks();
});

const hostileText = fc
  .tuple(
    fc.constantFrom(
      '',
      'app/',
      ' ',
      '"',
      '\\',
      '\n{"level":"error"}\n',
      '\u001b[2J\u001b]0;x\u0007',
      '\u202e',
      '\u200b\ufeff',
      '\u{1f419}',
      '\ud83d',
      '__proto__',
      '</script>',
    ),
    fc.constantFrom(0, 1, 150, 199, 200, 201, 1_023, 4_096, 4_097, 100_000),
    fc.constantFrom('', ' ', '\n', '\0', '\u{1f419}', '"', '/x'),
  )
  .map(([start, length, end]) => `${start}${MARK.repeat(length)}${end}`);

const labels = fc.oneof(
  fc.record({ vault_path: hostileText, vault_mount: hostileText, vault_field: hostileText }),
  fc.record({ vault_path: fc.constant('app/db'), vault_field: hostileText }),
  fc.record({ vault_path: fc.constant('app/db'), vault_version: hostileText }),
  fc.record({ file_path: hostileText }),
  fc.record({ file_path: fc.constantFrom('fields.json', 'text.json'), file_field: hostileText }),
  fc.record({ aws_secret_name: fc.constantFrom('app', 'arn:aws:secretsmanager:eu-west-1:1'), aws_field: hostileText }),
  fc.record({ aws_secret_name: hostileText, aws_version_id: hostileText }),
  fc.record({ provider: hostileText }),
  fc.record({ rotate: hostileText, encoding: hostileText }),
  fc.tuple(hostileText, hostileText).map(([name, value]) => ({ [`vault_${name}`]: value, [name]: value })),
  fc.constant({}),
);

const hostile: fc.Arbitrary<Hostile> = fc.record({
  labels: fc.array(labels, { minLength: 1, maxLength: 4 }),
  secretName: hostileText,
  serviceName: hostileText,
  words: hostileText,
  engineStatus: fc.constantFrom(200, 400, 403, 404, 409, 500),
  providerStatus: fc.constantFrom(200, 200, 307, 400, 403, 404),
  providerWords: hostileText,
  others: fc.constant(0),
});

const ENDPOINTS = [
  '/health',
  '/metrics',
  '/api/metrics',
  '/api/v1/overview',
  '/api/v1/secrets',
  '/api/v1/services',
  '/api/v1/events?level=debug&limit=500',
  '/api/v1/history',
  '/api/v1/plan',
];

test('no text from outside is longer than its bound, or hidden, in any message, log line, metric or answer', () =>
  holdsFor(
    hostile,
    async (given) => {
      lines.length = 0;
      await world.become(given);
      for (const SecretLabels of given.labels) {
        const SecretName = given.secretName.slice(0, 1_024) || 'db';
        const body = { SecretName, SecretLabels, ServiceName: given.serviceName, TaskID: 'task-0' };
        const answer = await driverRequest(world.socket, '/SecretProvider.GetSecret', body);
        const { Err: error } = JSON.parse(answer.body);
        if (error !== undefined) check(error, MAX_ANSWERED_ERROR);
      }
      const wrongPath = await driverRequest(world.socket, `/${inPath(given.words)}`);
      check(JSON.parse(wrongPath.body).Err, MAX_MESSAGE);
      // The plan asks Docker again, so what follows is of this world.
      const query = inPath(given.secretName);
      for (const path of [`/api/v1/plan?secret=${query}`, `/api/v1/${query}`, ...ENDPOINTS]) await checkAnswer(path);
      for (const line of lines) {
        expect(line.length).toBeLessThanOrEqual(MAX_LINE);
        checkAll(JSON.parse(line));
      }
    },
    { cost: 20 },
  ));

test('no answer is longer than its bound for thousands of secrets and services, all with a problem', async () => {
  await world.become({ ...CALM, words: MARK.repeat(300), others: 3_000 });
  // A pass that still observes the world before may overwrite what a plan has observed.
  await vi.waitFor(
    async () => {
      await answerTo('/api/v1/plan?secret=db');
      const metrics = await answerTo('/api/metrics');
      expect(metrics.match(/service_problem\{/g)?.length).toBeGreaterThan(600);
    },
    { timeout: 60_000 },
  );
  for (const path of ['/api/v1/plan?secret=db', ...ENDPOINTS]) await checkAnswer(path);
});

/** The number in the row of the table of bounds that starts so. */
function documented(what: string): number {
  const row = document.split('\n').find((line) => line.startsWith(`| ${what}`));
  const [, digits] = /\| ([\d,]+) (?:characters|bytes) \|$/.exec(row ?? '') ?? [];
  if (digits === undefined) throw new Error(`docs/security.md has no bound of ${what}`);
  return Number(digits.replaceAll(',', ''));
}

/** As much of a text as fits in a path. */
function inPath(given: string): string {
  return encodeURIComponent(given.toWellFormed().slice(0, 1_000).toWellFormed());
}

function answerTo(path: string): Promise<string> {
  return new Promise<string>((resolve, reject) => {
    const asked = request(`${monitoring}${path}`, { agent: false }, (response) => text(response).then(resolve, reject));
    asked.once('error', reject).end();
  });
}

async function checkAnswer(path: string): Promise<void> {
  const answer = await answerTo(path);
  expect(Buffer.byteLength(answer), path).toBeLessThan(MAX_ANSWER_BYTES);
  if (path === '/api/metrics') check(answer.replaceAll('\n', ' '), MAX_ANSWER_BYTES);
  else checkAll(JSON.parse(answer));
}

/** Checks all strings in it, names of fields included. */
function checkAll(value: unknown): void {
  if (typeof value === 'string') check(value, MAX_MESSAGE);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      check(name, MAX_TEXT);
      checkAll(inner);
    }
  }
}

function check(shown: string, max: number): void {
  expect(shown.length).toBeLessThanOrEqual(max);
  // Not by expect, whose own message would show all of it.
  if (HIDDEN.test(shown)) throw new Error(`hidden characters in ${JSON.stringify(shown.slice(0, 300))}`);
  if (shown.includes(MARK.repeat(MAX_TEXT + 1))) throw new Error(`a text that is not cut: ${shown.slice(0, 300)}`);
}

function addressIn(log: readonly string[]): string | undefined {
  const line = log.find((each) => each.includes('"monitoring.listening"'));
  return line === undefined ? undefined : JSON.parse(line).address;
}
