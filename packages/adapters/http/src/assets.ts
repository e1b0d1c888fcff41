import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** A file of the dashboard that is served under `/assets/`. */
export interface Asset {
  readonly name: string;
  readonly contentType: string;
  readonly body: Buffer;
  /** Whether its name changes with its content, so that it can be cached forever. */
  readonly isHashed: boolean;
  /** Whether the sign-in page needs it. */
  readonly isOpen: boolean;
}

/** The built dashboard: two pages and their files. */
export interface DashboardFiles {
  readonly index: Buffer;
  readonly signIn: Buffer;
  readonly assets: readonly Asset[];
}

/** Reads the dashboard's files once: only these can ever be served. Throws if one is missing. */
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
