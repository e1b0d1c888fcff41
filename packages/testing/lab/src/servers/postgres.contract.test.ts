import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { tempDirectory } from '../process/sandbox.ts';
import { KeptQueries } from './kept-queries.ts';
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

test('a query on a kept connection is answered until its role is removed', async () => {
  const postgres = await startPostgres({ dir: join(directory.path, 'kept') });
  try {
    const login = { user: 'app', password: 'of app' };
    const create = `CREATE TABLE stock (item text); CREATE ROLE app LOGIN PASSWORD 'of app'; GRANT SELECT ON stock TO app`;
    await postgres.query(create);
    const queries = new KeptQueries(postgres, 'SELECT count(*) FROM stock');
    const follow = () => queries.follow('web', [{ id: 'task', login }]);
    follow();
    await expect.poll(() => queries.answered).toBeGreaterThan(2);
    follow();
    expect(queries.failed).toEqual([]);
    await postgres.query('REVOKE ALL ON stock FROM app; DROP ROLE app');
    const failed = () => {
      follow();
      return queries.failed;
    };
    await expect.poll(failed).toHaveLength(1);
    expect(queries.failed[0]).toMatchObject({
      task: 'web task',
      user: 'app',
      error: expect.stringMatching(/permission denied|does not exist/),
    });
    queries.stop();
  } finally {
    await postgres.stop();
  }
});
