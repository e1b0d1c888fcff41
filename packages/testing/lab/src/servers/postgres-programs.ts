import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const DEBIAN = '/usr/lib/postgresql';

/**
 * Finds the directory with the programs of PostgreSQL (`initdb`, `postgres`, `psql`): POSTGRES_BIN; else the newest version of
 * Debian's package.
 *
 * @throws if there is none. The lab never installs it: `npm test` does.
 */
export function findPostgres(): string {
  const named = process.env.POSTGRES_BIN;
  if (named !== undefined && named !== '') {
    if (!existsSync(join(named, 'initdb'))) throw new Error(`POSTGRES_BIN=${named}: there is no initdb in it`);
    return named;
  }
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
  const [newest] = versions
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .map((version) => join(DEBIAN, version, 'bin'))
    .filter((directory) => existsSync(join(directory, 'initdb')) && existsSync(join(directory, 'psql')));
  if (newest === undefined) {
    throw new Error('there is no PostgreSQL; install the package postgresql, or set POSTGRES_BIN');
  }
  return newest;
}
