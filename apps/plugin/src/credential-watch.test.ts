import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRegularFile } from '@vault-swarm/file/regular-file';
import { Environment, type ProductEvent, VISIBLE_ASCII } from '@vault-swarm/provider';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CredentialWatch } from './credential-watch.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'credential-watch-'));
  file = join(directory, 'token');
});
afterEach(() => rmSync(directory, { recursive: true }));

test('a file that changes to what can not be sent is a problem and one event, until it is written again', () => {
  const events: ProductEvent[] = [];
  writeFileSync(file, 'first\n');
  const environment = new Environment({ TOKEN_FILE: file }, readRegularFile);
  const token = environment.credential('TOKEN', VISIBLE_ASCII);
  const watch = new CredentialWatch(environment.credentials, { emit: (event) => events.push(event) });
  const look = () => {
    watch.check();
    return watch.problems().map(({ detail }) => detail);
  };
  expect(look()).toEqual([]);

  writeFileSync(file, 'canary\nof two lines\n');
  const expected = /: TOKEN_FILE names a file that must be of visible ASCII .*; the plugin uses the previous value/;
  expect(look()).toEqual([expect.stringMatching(expected)]);
  expect(look()).toHaveLength(1);
  expect(JSON.stringify([look(), events])).not.toContain('canary');
  expect(token?.read()).toBe('first');

  renameSync(file, `${file}.away`);
  expect(look()).toEqual([expect.stringContaining('TOKEN_FILE names a file that does not exist')]);
  expect(token?.read()).toBe('first');
  writeFileSync(file, 'second\n');
  expect([look(), token?.read()]).toEqual([[], 'second']);
  expect(events.map(({ type }) => type)).toEqual(['plugin.warning', 'plugin.warning']);
});
