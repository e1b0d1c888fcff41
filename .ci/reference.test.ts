import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkNames } from '../apps/cli/src/doctor/finding.ts';
import { EXIT, failureCodes } from '../apps/cli/src/failure.ts';
import { addressVariables } from '../apps/cli/src/plugin/address.ts';
import { describeCommands } from '../apps/cli/src/program.ts';
import { configFileSchema } from '../apps/plugin/src/config-file-schema.ts';
import { parseConfiguration } from '../apps/plugin/src/configuration.ts';
import { environmentVariables, settingGroups } from '../apps/plugin/src/environment-variables.ts';
import { builtInProviders } from '../apps/plugin/src/providers.ts';
import { dockerWarningCodes } from '../packages/adapters/docker/src/config.ts';
import { openApiDocument } from '../packages/adapters/http/src/openapi/document.ts';
import { routes } from '../packages/adapters/http/src/routes/index.ts';
import {
  decryptionLabels,
  LabelReader,
  problemCodes,
  providerErrorCodes,
  warningCodes,
} from '../packages/core/provider/src/index.ts';
import { serviceConditionCodes, waitingCodes } from '../packages/core/rotation/src/index.ts';

import { type OpenApi, openApiPage } from './openapi-page.ts';
import { problemCodesPage } from './problem-codes-page.ts';

const root = resolve(import.meta.dirname, '..');
const read = (path: string) => readFile(join(root, path), 'utf8');

/** The cells of the first table below a heading whose first column is called so, without its head. */
function tableBelow(page: string, heading: string, column: string): readonly (readonly string[])[] {
  const lines =
    page
      .split(/^#+ /m)
      .find((text) => text.startsWith(`${heading}\n`))
      ?.split('\n') ?? [];
  const head = lines.findIndex((line) => line.startsWith(`| ${column} |`));
  const length = lines.slice(head).findIndex((line) => !line.startsWith('|'));
  const rows = lines.slice(head + 2, length === -1 ? undefined : head + length);
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** What is in code's letters in a cell. */
const namesIn = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
const firstNames = (rows: readonly (readonly string[])[]) => rows.flatMap(([cell]) => namesIn(cell));

test('the reference has exactly the existing error codes', async () => {
  const codes = firstNames(tableBelow(await read('docs/reference/errors.md'), 'Error codes', 'code'));
  expect(codes.toSorted()).toEqual(
    [...providerErrorCodes, 'DEADLINE', 'ALREADY_DELIVERED', 'POLICY_DENIED'].toSorted(),
  );
});

test('the codes of states and waiting reasons of the reference are those that there are', async () => {
  const page = await read('docs/reference/problems.md');
  expect(firstNames(tableBelow(page, 'Service states', 'code'))).toEqual(serviceConditionCodes);
  expect(firstNames(tableBelow(page, 'Waiting codes', 'code')).toSorted()).toEqual(waitingCodes.toSorted());
});

test('the page of problem codes has a section for each, as the dashboard and the command line show it', async () => {
  const page = problemCodesPage();
  expect([...page.matchAll(/^## (\w+)$/gm)].map(([, code]) => code)).toEqual(problemCodes);
  const hint = 'vitest run --project repository .ci/reference.test.ts --update writes it';
  await expect(page, hint).toMatchFileSnapshot(join(root, 'docs/reference/problem-codes.md'));
});

test('the reference has exactly the existing warnings', async () => {
  const codes = firstNames(tableBelow(await read('docs/reference/environment.md'), 'Warnings', 'code'));
  expect(codes.toSorted()).toEqual([...warningCodes, ...dockerWarningCodes].toSorted());
});

test('the code warns only with listed codes', async () => {
  const files = globSync('{apps,packages}/*/{src,*/src}/**/*.ts', { cwd: root }).filter(
    (path) => !path.endsWith('.test.ts'),
  );
  const used = new Set<string>();
  for (const path of files) {
    for (const [, code = ''] of (await read(path)).matchAll(/\.warn\(\s*'([^']+)'/g)) used.add(code);
  }
  expect(used.size).toBeGreaterThan(9);
  const listed: ReadonlySet<string> = new Set(warningCodes);
  expect([...used].filter((code) => !listed.has(code))).toEqual([]);
});

test('the reference has exactly the existing labels', async () => {
  const others = [
    'provider',
    'rotate',
    'rotate_window',
    'rotate_debounce',
    'secret_reuse',
    'encoding',
    ...decryptionLabels,
  ];
  const names = [...builtInProviders.flatMap((module) => module.labels().names), ...others];
  const documented = firstNames(tableBelow(await read('docs/reference/labels.md'), 'Labels of a secret', 'label'));
  expect(documented.toSorted()).toEqual(names.toSorted());
});

test('the schema of CONFIG_FILE is the one of the reference', async () => {
  // On one line if it fits, as the formatter has it.
  const text = JSON.stringify(configFileSchema(builtInProviders), undefined, 2).replace(
    /\[\s+([^[\]{}]*?)\s+\]/g,
    (all, items: string, offset: number, whole: string) => {
      const line = `[${items.replace(/\s+/g, ' ')}]`;
      return offset - whole.lastIndexOf('\n', offset) + line.length <= 120 ? line : all;
    },
  );
  const hint = 'vitest run --project repository .ci/reference.test.ts --update writes it';
  await expect(`${text}\n`, hint).toMatchFileSnapshot(join(root, 'docs/reference/config-file.schema.json'));
});

test('the page of the OpenAPI document is that of the code', async () => {
  const page = openApiPage(openApiDocument(routes, '') as unknown as OpenApi);
  const hint = 'vitest run --project repository .ci/reference.test.ts --update writes it';
  await expect(page, hint).toMatchFileSnapshot(join(root, 'docs/reference/openapi.md'));
  for (const { path, method } of routes) expect(page).toContain(`### ${method.toUpperCase()} ${path}\n`);
});

test('the prefixes of the reference are those of every kind of provider, and of others that are refused', async () => {
  const [, list = ''] =
    /with the prefix of a provider, configured or not:(.*?);$/ms.exec(await read('docs/reference/labels.md')) ?? [];
  const refused = (prefix: string) => {
    const reader = new LabelReader([{ name: 'vault', scheme: builtInProviders[0]?.labels() ?? expect.fail() }], kinds);
    return () => reader.read({ [`${prefix}nothing`]: 'x' }, 'db', 'web');
  };
  const kinds = builtInProviders.map(({ kind }) => kind);
  expect(namesIn(list)).toEqual(expect.arrayContaining(kinds.map((kind) => `${kind}_`)));
  for (const prefix of namesIn(list)) expect(refused(prefix), prefix).toThrow(/is not known|is not configured/);
});

describe('the environment', () => {
  let page: string;
  beforeAll(async () => {
    page = await read('docs/reference/environment.md');
  });

  /** The first cells of the table: a row may have several names, and marks those that can also be given as a file. */
  const documented = () => {
    const names = tableBelow(page, 'Environment of the plugin', 'variable').flatMap(([cell = '']) =>
      [...cell.matchAll(/`([A-Z_]+)`(\*?)/g)].flatMap(([, name = '', mark]) =>
        mark === '*' ? [name, `${name}_FILE`] : [name],
      ),
    );
    // The table says of OpenBao only that its names are Vault's.
    const openbao = names
      .filter((name) => name.startsWith('VAULT_') && name !== 'VAULT_ROTATION_INTERVAL')
      .map((name) => name.replace('VAULT_', 'OPENBAO_'));
    return [...names, ...openbao];
  };

  test('has exactly the existing variables, each once', () => {
    expect(documented().toSorted()).toEqual(environmentVariables(builtInProviders).toSorted());
  });

  test('has the defaults that --help prints, and no others', () => {
    const defaults = settingGroups(builtInProviders).flatMap(({ settings }) => settings);
    const rows = tableBelow(page, 'Environment of the plugin', 'variable');
    const rowOf = (name: string) => rows.find(([cell]) => namesIn(cell).includes(name.replace('OPENBAO_', 'VAULT_')));
    for (const { name, default: value } of defaults) {
      if (value !== null) expect(namesIn(rowOf(name)?.[1])[0], name).toBe(value);
    }
    for (const [variables, cell = ''] of rows) {
      const [, value] = /^`([^`]+)`$/.exec(cell) ?? [];
      const [name = ''] = namesIn(variables);
      if (value !== undefined) expect(defaults.find((one) => one.name === name)?.default, name).toBe(value);
    }
  });

  test('names every kind of provider that variables configure', () => {
    const [, , meaning = ''] =
      tableBelow(page, 'Environment of the plugin', 'variable').find(([cell]) => cell === '`SECRETS_PROVIDER`') ?? [];
    const kinds = builtInProviders.filter(({ nestedSettings }) => nestedSettings === undefined).map(({ kind }) => kind);
    expect(namesIn(meaning)).toEqual(kinds);
  });

  // Those of providers are checked by their modules' own tests.
  test('has every variable that the plugin, Docker, the monitoring port and the log read', async () => {
    const sources = [
      'apps/plugin/src/configuration.ts',
      'apps/plugin/src/socket-settings.ts',
      'apps/plugin/src/configured-providers.ts',
      ...['docker', 'http', 'logging'].map((name) => `packages/adapters/${name}/src/config.ts`),
    ];
    const names = new Set<string>();
    for (const source of sources) {
      const calls =
        /environment\.(?:has|optional|text|boolean|oneOf|integer|durationMs|url|credential|ownPath)\(\s*'([A-Z_]+)'/g;
      for (const [, name] of (await read(source)).matchAll(calls)) names.add(name ?? '');
    }
    expect(names.size).toBeGreaterThan(25);
    const known = [...environmentVariables(builtInProviders), 'NODE_TLS_REJECT_UNAUTHORIZED'];
    expect([...names].filter((name) => !known.includes(name))).toEqual([]);
  });

  test('has the right defaults: setting a variable to its default changes nothing', () => {
    const configured = (given: Readonly<Record<string, string>>) => {
      const kind = Object.keys(given).some((name) => name.startsWith('FILE_')) ? 'file' : 'vault';
      const parsed = parseConfiguration({ SECRETS_PROVIDER: kind, VAULT_TOKEN: 'root', ...given }, () => '');
      return JSON.stringify(parsed);
    };
    const defaults = tableBelow(page, 'Environment of the plugin', 'variable').flatMap(([variables, cell = '']) => {
      const [name] = namesIn(variables);
      const [, value] = /^`([^`]+)`$/.exec(cell) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value] as const];
    });
    expect(defaults.length).toBeGreaterThan(20);
    const wrong = defaults.filter(([name, value]) => {
      const given = { [name]: value.replace('$PLUGIN_NAME', 'vault-secrets-plugin') };
      const others = Object.keys(given).map((key) => [key, ''] as const);
      return configured(given) !== configured(Object.fromEntries(others));
    });
    expect(wrong).toEqual([]);
  });
});

describe('the command line', () => {
  let page: string;
  beforeAll(async () => {
    page = await read('docs/reference/cli.md');
  });
  const commands = describeCommands();

  test('has every command, option, variable, check, exit code and error', () => {
    expect(commands.length).toBeGreaterThan(5);
    const words = commands.flatMap(({ name, options }) => [name, ...options]);
    for (const word of [...words, ...addressVariables, ...failureCodes, ...checkNames])
      expect(page).toContain(`\`${word}\``);
  });

  test('has no other commands, options, checks, exit codes and errors', () => {
    const names = (heading: string, column: string) => firstNames(tableBelow(page, heading, column)).toSorted();
    expect(names('The command line', 'command')).toEqual(
      [...commands.map(({ name }) => name), 'completion'].toSorted(),
    );
    const options = new Set(['--help', '--version', ...commands.flatMap((command) => command.options)]);
    expect(names('Options', 'option').filter((name) => name.startsWith('--') && !options.has(name))).toEqual([]);
    expect(names('Doctor', 'check')).toEqual([...checkNames].toSorted());
    expect(names('Errors', 'code')).toEqual([...failureCodes].toSorted());
    const codes = tableBelow(page, 'Exit codes', 'code').map(([code]) => Number(code));
    expect(codes).toEqual(Object.values(EXIT).toSorted());
  });
});

describe('the monitoring port', () => {
  let page: string;
  beforeAll(async () => {
    page = await read('docs/reference/http.md');
  });
  const operation = (method: string, path: string) =>
    routes.find((one) => one.method === method && one.path === path) ?? expect.fail(`${method} ${path}`);
  /** The statuses of a table, as numbers. */
  const statuses = (heading: string) =>
    tableBelow(page, heading, 'status').flatMap(([cell = '']) => (cell.match(/\b\d{3}\b/g) ?? []).map(Number));

  test('has the paths of its OpenAPI document, and no others', () => {
    const paths = firstNames(tableBelow(page, 'HTTP of the monitoring port', 'path'));
    const routed = routes.map(({ path }) => path.replace(/:(\w+)/g, (_all, name: string) => name.toUpperCase()));
    expect(paths.toSorted()).toEqual([...new Set(routed)].toSorted());
  });

  test('has the parameters of lists and of plans', () => {
    const lists = firstNames(tableBelow(page, 'Lists', 'parameter'));
    for (const path of ['/api/v1/secrets', '/api/v1/services']) {
      expect(Object.keys(operation('get', path).query?.shape ?? {}).toSorted()).toEqual(lists.toSorted());
    }
    for (const path of ['/api/v1/events', '/api/v1/plan', '/api/v1/stream']) {
      for (const name of Object.keys(operation('get', path).query?.shape ?? {}))
        expect(page, path).toMatch(new RegExp(`\`${name}\`|\\?${name}=`));
    }
  });

  test.each([
    ['Manual requests', 'post', '/api/v1/rotate'],
    ['Signing in', 'post', '/api/v1/session'],
  ])('has below "%s" every status that %s %s is answered with', (heading, method, path) => {
    const { responses, problems = [] } = operation(method, path);
    expect(statuses(heading)).toEqual(expect.arrayContaining([...Object.keys(responses).map(Number), ...problems]));
  });
});

test('the reference of Docker has exactly the requests that the adapter makes', async () => {
  const sources = await Promise.all(
    ['swarm-events', 'leadership', 'ledger-store', 'managers', 'orchestrator'].map((name) =>
      read(`packages/adapters/docker/src/${name}.ts`),
    ),
  );
  const made = sources.join('\n').matchAll(/['`](\/(?:info|secrets|services|tasks|nodes|configs|events)[^'`]*)['`]/g);
  const paths = [...made].map(([, path = '']) => path.replace(/\$\{[^}]*\}/, 'ID'));
  const documented = firstNames(
    tableBelow(await read('docs/reference/docker.md'), 'What the plugin asks of Docker', 'request'),
  );
  const named = documented.map((request) => request.replace(/^[A-Z]+ /, '').replace('NAME', 'ID'));
  expect([...new Set(named)].sort()).toEqual([...new Set(paths)].sort());
});
