import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { CompilerState, Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { published } from './published-packages.ts';

const RENEW =
  'if the change is meant: vitest run --project repository .ci/api-reports.test.ts --update, and a changeset';

const root = resolve(import.meta.dirname, '..');
const silent = { default: { logLevel: ExtractorLogLevel.None } };

interface EntryPoint {
  readonly directory: string;
  /** As it is imported, below the package's name. */
  readonly name: string;
  /** Its declarations. */
  readonly types: string;
}

let reports: string;
let entryPoints: readonly EntryPoint[];
let compilerState: CompilerState;

async function entryPointsOf(directory: string): Promise<readonly EntryPoint[]> {
  const { publishConfig } = JSON.parse(await readFile(join(root, directory, 'package.json'), 'utf8'));
  const exported = publishConfig.exports as Readonly<Record<string, { readonly types: string }>>;
  return Object.entries(exported).map(([name, { types }]) => ({
    directory,
    name,
    types: join(root, directory, types),
  }));
}

function configOf({ directory, types }: EntryPoint): ExtractorConfig {
  return ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, directory, 'package.json'),
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: types,
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            ...{ target: 'esnext', module: 'nodenext', moduleResolution: 'nodenext', strict: true, lib: ['esnext'] },
            ...{ types: ['node'], skipLibCheck: true },
          },
          files: [types],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: 'entry-point',
        reportFolder: reports,
        reportTempFolder: join(reports, 'temporary'),
        includeForgottenExports: true,
      },
      ...{ docModel: { enabled: false }, dtsRollup: { enabled: false }, tsdocMetadata: { enabled: false } },
      newlineKind: 'lf',
      messages: {
        ...{ compilerMessageReporting: silent, extractorMessageReporting: silent, tsdocMessageReporting: silent },
      },
    },
  });
}

/** What an entry point exports, and the types that it shows without exporting them; comments left out. */
async function reportOf(entryPoint: EntryPoint): Promise<string> {
  const options = {
    compilerState,
    localBuild: true,
    messageCallback: (message: { handled: boolean }) => (message.handled = true),
  };
  Extractor.invoke(configOf(entryPoint), options);
  const report = await readFile(join(reports, 'entry-point.api.md'), 'utf8');
  const declarations = /```ts\n(.*)```/s.exec(report)?.[1] ?? '';
  return declarations
    .replace(/^ *\/\/.*\n/gm, '')
    .replace(/\n{2,}/g, '\n\n')
    .trim();
}

beforeAll(async () => {
  await promisify(execFile)(join(root, 'node_modules/.bin/tsc'), ['-b'], { cwd: root });
  reports = await mkdtemp(join(tmpdir(), 'api-reports-'));
  entryPoints = (await Promise.all(published.map((path) => entryPointsOf(`packages/${path}`)))).flat();
  const [first, ...others] = entryPoints;
  if (first === undefined) throw new Error('nothing is published');
  compilerState = CompilerState.create(configOf(first), { additionalEntryPoints: others.map(({ types }) => types) });
}, 240_000);
afterAll(() => rm(reports, { recursive: true, force: true }));

test.each(published)('what %s exports is what its report says', async (path) => {
  const directory = `packages/${path}`;
  const { name } = JSON.parse(await readFile(join(root, directory, 'package.json'), 'utf8'));
  const sections: string[] = [];
  for (const entryPoint of entryPoints.filter((entry) => entry.directory === directory)) {
    const imported = join(name, entryPoint.name);
    sections.push(`## \`${imported}\`\n\n\`\`\`ts\n${await reportOf(entryPoint)}\n\`\`\`\n`);
  }
  const report = `# What \`${name}\` exports\n\n${sections.join('\n')}`;
  await expect(report, RENEW).toMatchFileSnapshot(join(root, directory, 'api.md'));
});
