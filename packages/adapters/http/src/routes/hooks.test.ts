import { createHmac, randomBytes } from 'node:crypto';
import { Credential } from '@vault-swarm/provider';
import { afterEach, expect, test } from 'vitest';
import type { HookKind } from '../hooks/hook-config.ts';
import { type AskOptions, type Fixture, startFixture } from '../testing/monitoring-fixture.ts';

const STANDARD_SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const SECRETS: Readonly<Record<HookKind, string>> = {
  standard: STANDARD_SECRET,
  github: 'a secret of github',
  bearer: 'a-secret-of-bearer',
  eventgrid: 'a-secret-of-eventgrid',
};
const BODY = '{"type":"secret.changed"}';
const KINDS = Object.keys(SECRETS) as readonly HookKind[];

let fixture: Fixture;
let hints: string[] = [];
const secrets: { -readonly [K in HookKind]: string } = { ...SECRETS };

/** A monitoring port that needs a token, with one hook of each kind, named like the kind. */
async function start() {
  hints = [];
  Object.assign(secrets, SECRETS);
  const hooks = KINDS.map((kind) => ({
    ...{ name: kind, kind, provider: `${kind}-provider` },
    secret: new Credential(`hooks.${kind}.secret_file`, () => secrets[kind]),
  }));
  fixture = await startFixture(
    { token: 'monitoring', hooks },
    { hints: { hint: (provider, hook) => hints.push(`${hook} ${provider}`) } },
    { now: () => Date.now() },
  );
}

afterEach(() => fixture.server.close());

/** As a sender that shares no code with the plugin signs it. */
function standard({ id = 'msg_1', atMs = Date.now(), body = BODY, secret = STANDARD_SECRET } = {}): AskOptions {
  const timestamp = Math.floor(atMs / 1_000);
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  const headers = { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': `v1,${signature}` };
  return { method: 'POST', headers, body };
}

function github(body = BODY): AskOptions {
  const signature = createHmac('sha256', SECRETS.github).update(body).digest('hex');
  return { method: 'POST', headers: { 'X-Hub-Signature-256': `sha256=${signature}` }, body };
}

function bearer(secret: string): AskOptions {
  return { method: 'POST', headers: { Authorization: `Bearer ${secret}` }, body: BODY };
}

const send = (name: string, options: AskOptions = { method: 'POST' }) => fixture.ask(`/api/v1/hooks/${name}`, options);
const status = async (name: string, options?: AskOptions) => (await send(name, options)).status;
const reasons = () => fixture.emitted.flatMap((event) => (event.type === 'hook.rejected' ? [event.reason] : []));

test.each([
  ['standard', standard],
  ['github', github],
  ['bearer', () => bearer(SECRETS.bearer)],
  ['eventgrid', () => bearer(SECRETS.eventgrid)],
  ['eventgrid?code=a-secret-of-eventgrid', () => ({ method: 'POST', body: '[]' })],
] as const)('a signed request to %s is taken without a token, under any host name', async (path, signed) => {
  await start();
  const [name] = path.split('?');
  const options: AskOptions = signed();
  const answer = await send(path, { ...options, headers: { ...options.headers, Host: 'hooks.example' } });
  expect([answer.status, answer.body]).toEqual([202, '']);
  expect(hints).toEqual([`${name} ${name}-provider`]);
  expect(fixture.emitted).toContainEqual({ type: 'hook.accepted', hook: name, provider: `${name}-provider` });
});

test.each([
  ['standard', 'unsigned', () => ({ method: 'POST', body: BODY })],
  ['standard', 'signature', () => ({ ...standard(), body: '{"type":"other"}' })],
  ['standard', 'signature', () => standard({ secret: `whsec_${randomBytes(32).toString('base64')}` })],
  ['standard', 'timestamp', () => standard({ atMs: Date.now() - 310_000 })],
  ['standard', 'timestamp', () => standard({ atMs: Date.now() + 310_000 })],
  ['standard', 'unsigned', () => github()],
  ['github', 'unsigned', () => standard()],
  ['github', 'signature', () => ({ ...github(), body: '{}' })],
  ['github', 'signature', () => ({ method: 'POST', headers: { 'X-Hub-Signature-256': 'sha256=' }, body: BODY })],
  ['bearer', 'unsigned', () => ({ method: 'POST', body: BODY })],
  ['bearer', 'signature', () => bearer('monitoring')],
  ['eventgrid', 'unsigned', () => ({ method: 'POST', body: '[]' })],
  ['eventgrid?code=wrong', 'signature', () => ({ method: 'POST', body: '[]' })],
] as const)('a request to %s with a wrong %s is 401, and no poll follows', async (path, reason, options) => {
  await start();
  const answer = await send(path, options());
  expect(answer.status).toBe(401);
  expect(hints).toEqual([]);
  expect(reasons()).toEqual([reason]);
  // A client without the secret learns nothing else.
  expect(JSON.parse(answer.body).detail).toBe(
    'The signature is missing, wrong, more than 5 minutes old, or was used before.',
  );
});

test.each([
  ['standard', standard],
  ['github', github],
] as const)('a replayed request to %s is 401, and causes no second poll', async (name, signed) => {
  await start();
  const options = signed();
  expect(await status(name, options)).toBe(202);
  expect(await status(name, options)).toBe(401);
  expect(hints.length).toBe(1);
  expect(reasons()).toEqual(['replay']);
});

test('a message that was not accepted can be sent again', async () => {
  await start();
  expect(await status('standard', { ...standard({ id: 'msg_7' }), body: 'cut' })).toBe(401);
  expect(await status('standard', standard({ id: 'msg_7' }))).toBe(202);
});

test('an oversized body is 413, and no poll follows', async () => {
  await start();
  expect(await status('github', github('x'.repeat(256 * 1024)))).toBe(202);
  expect(await status('github', github('x'.repeat(256 * 1024 + 1)))).toBe(413);
  expect(hints.length).toBe(1);
  expect(reasons()).toEqual(['too-large']);
});

test('an unknown name is 404, and the response names no other hook', async () => {
  await start();
  const answer = await send('Standard', standard());
  expect(answer.status).toBe(404);
  expect(answer.body).not.toMatch(/github|bearer|eventgrid|provider/);
  expect(reasons()).toEqual(['unknown-name']);
});

test('names and secrets can only be guessed as slowly as tokens, and a correct signature is always accepted', async () => {
  await start();
  const guesses: number[] = [];
  for (let guess = 0; guess < 11; guess++)
    guesses.push(await status(guess % 2 === 0 ? `guess-${guess}` : 'bearer', bearer('no')));
  expect(guesses.slice(0, 10)).toEqual([404, 401, 404, 401, 404, 401, 404, 401, 404, 401]);
  expect(guesses[10]).toBe(429);
  expect(await status('bearer', bearer(SECRETS.bearer))).toBe(202);
});

test('Event Grid gets its validation code, and no poll follows', async () => {
  await start();
  const handshake = (code: unknown) => ({
    method: 'POST',
    headers: { 'aeg-event-type': 'SubscriptionValidation' },
    body: JSON.stringify([
      { eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent', data: { validationCode: code } },
    ]),
  });
  const answer = await send(`eventgrid?code=${SECRETS.eventgrid}`, handshake('512d38b6'));
  expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { validationResponse: '512d38b6' }]);
  expect(await status('eventgrid?code=wrong', handshake('512d38b6'))).toBe(401);
  expect(await status(`eventgrid?code=${SECRETS.eventgrid}`, handshake({}))).toBe(400);
  expect(hints).toEqual([]);
});

test('a changed secret is valid with the next request', async () => {
  await start();
  secrets.bearer = 'another-secret-of-bearer';
  expect(await status('bearer', bearer(SECRETS.bearer))).toBe(401);
  expect(await status('bearer', bearer('another-secret-of-bearer'))).toBe(202);
});

test('only POST is answered', async () => {
  await start();
  const answer = await send('bearer', { method: 'GET' });
  expect([answer.status, answer.headers.allow]).toEqual([405, 'POST']);
});

test('no event and no answer has a secret', async () => {
  await start();
  for (const kind of KINDS) await send(`${kind}?code=${SECRETS.eventgrid}`, bearer(SECRETS.bearer));
  const text = JSON.stringify(fixture.emitted);
  for (const kind of KINDS) expect(text).not.toContain(SECRETS[kind]);
});
