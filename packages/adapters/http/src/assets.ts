import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CONTENT_TYPES = {
  'dashboard.css': 'text/css; charset=utf-8',
  'dashboard.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};

/** A file of the dashboard, as it is served. */
export interface Asset {
  readonly name: string;
  readonly contentType: string;
  readonly body: Buffer;
}

/** Where this package has the dashboard's files, in its sources and when it is built, but not within a bundle. */
export const defaultAssetsDirectory = fileURLToPath(new URL('../static', import.meta.url));

/** Reads the dashboard's files, once; throws where one is missing. */
export function readAssets(directory: string): readonly Asset[] {
  return Object.entries(CONTENT_TYPES).map(([name, contentType]) => ({
    name,
    contentType,
    body: readFileSync(join(directory, name)),
  }));
}
