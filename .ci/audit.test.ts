import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const module = join(root, 'packages/testing/lab/bootstrap/audit.mjs');

let registry: Server;
let answer: { readonly status: number; readonly body: unknown };
let asked: Readonly<Record<string, readonly string[]>> = {};

beforeAll(async () => {
  registry = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    if (text !== '') asked = JSON.parse(text);
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
});
afterAll(() => registry.close());

/** What `npm run audit` and `npm test` come to with a registry on this port. */
async function vulnerabilities(port = (registry.address() as AddressInfo).port) {
  const script = `
    import { knownVulnerabilities } from ${JSON.stringify(module)};
    console.log(JSON.stringify(await knownVulnerabilities()));`;
  const env = { ...process.env, PNPM_CONFIG_REGISTRY: `http://127.0.0.1:${port}/` };
  const { stdout } = await promisify(execFile)('node', ['--input-type=module', '--eval', script], { env });
  return JSON.parse(stdout) as { readonly outcome: string; readonly text: string };
}

test('packages without an advisory are fine, and the shipped ones were checked', async () => {
  answer = { status: 200, body: {} };
  expect(await vulnerabilities()).toEqual({ outcome: 'fine', text: 'known vulnerabilities: none' });
  expect(Object.keys(asked)).toEqual(expect.arrayContaining(['undici', 'express', 'dockerode']));
  expect(Object.keys(asked)).not.toContain('vitest');
});

test('an advisory is named with package, version, severity and address', async () => {
  const advisory = { id: 1, url: 'https://example.com/advisory', title: 'reads too much', severity: 'high' };
  answer = { status: 200, body: { undici: [{ ...advisory, vulnerable_versions: '<1000', cwe: [] }] } };
  const { outcome, text } = await vulnerabilities();
  expect(outcome).toBe('found');
  expect(text).toMatch(/^ {2}undici \d+\.\d+\.\d+: reads too much \(high\); https:\/\/example\.com\/advisory$/m);
});

test('a registry without a list, or that is not reached, is no finding', async () => {
  answer = { status: 405, body: {} };
  const unanswered = { outcome: 'unanswered', text: expect.stringContaining('the registry was not reached') };
  expect(await vulnerabilities()).toEqual(unanswered);
  expect(await vulnerabilities(1)).toEqual(unanswered);
});
