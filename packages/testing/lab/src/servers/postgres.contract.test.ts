import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { tempDirectory } from '../process/sandbox.ts';
import { startPostgres } from './postgres.ts';

const directory = tempDirectory();
afterAll(() => directory.remove());

test('a PostgreSQL of the lab takes SQL, and says which logins it accepts', async () => {
  const postgres = await startPostgres({ dir: join(directory.path, 'postgres') });
  try {
    const login = { user: 'app', password: 'of app' };
    expect(await postgres.accepts(login)).toBe(false);
    await postgres.query(`CREATE ROLE app LOGIN PASSWORD 'of app'`);
    expect(await postgres.accepts(login)).toBe(true);
    expect(await postgres.accepts({ ...login, password: 'another' })).toBe(false);
    expect(await postgres.query('SELECT current_user, current_database()', login)).toEqual(['app|app']);
    await expect(postgres.query('DROP ROLE root', login)).rejects.toThrow(/permission denied|must be superuser/);
  } finally {
    await postgres.stop();
  }
});
