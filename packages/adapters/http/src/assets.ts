import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** A file of the dashboard, as it is served under `/assets/`. */
export interface Asset {
  readonly name: string;
  readonly contentType: string;
  readonly body: Buffer;
  /** Whether its name changes with its content, so that it can be kept for ever. */
  readonly isHashed: boolean;
  /** Whether who is not signed in needs it for signing in. */
  readonly isOpen: boolean;
}

/** The dashboard as it was built: two pages, and what they load. */
export interface DashboardFiles {
  readonly index: Buffer;
  readonly signIn: Buffer;
  readonly assets: readonly Asset[];
}

/** Reads the dashboard's files, once: only what is read here can ever be asked for. Throws where one is missing. */
export function readDashboard(directory: string): DashboardFiles {
  const index = readFileSync(join(directory, 'index.html'));
  const signIn = readFileSync(join(directory, 'sign-in.html'));
  return { index, signIn, assets: readAssets(join(directory, 'assets'), signIn.toString()) };
}

function readAssets(directory: string, signInPage: string): readonly Asset[] {
  return readdirSync(directory).flatMap((name) => {
    const contentType = CONTENT_TYPES[extname(name)];
    if (contentType === undefined) return [];
    return {
      name,
      contentType,
      body: readFileSync(join(directory, name)),
      isHashed: /-[\w-]{8}\.\w+$/.test(name),
      isOpen: name.startsWith('sign-in') || signInPage.includes(`assets/${name}`),
    };
  });
}
