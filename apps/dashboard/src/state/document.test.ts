import { expect, test } from 'vitest';
import { ApiError, type Snapshot } from '../api/client.ts';
import { LiveDocument } from './document.ts';

/** An API whose answers are given one by one. */
function scripted() {
  const asked: (string | null)[] = [];
  const waiting: PromiseWithResolvers<Snapshot<unknown> | null>[] = [];
  const api = {
    read: <T>(_path: string, etag: string | null = null): Promise<Snapshot<T> | null> => {
      asked.push(etag);
      const answer = Promise.withResolvers<Snapshot<unknown> | null>();
      waiting.push(answer);
      return answer.promise as Promise<Snapshot<T> | null>;
    },
  };
  return { api, asked, next: () => waiting.shift() };
}

test('asks with the tag of what it has, and keeps it if that is unchanged', async () => {
  const { api, asked, next } = scripted();
  const document = new LiveDocument<number>(
    (etag) => api.read('x', etag),
    () => {},
  );
  const first = document.refresh();
  next()?.resolve({ body: 7, etag: '"a"' });
  await first;
  const second = document.refresh();
  next()?.resolve(null);
  await second;
  expect(asked).toEqual([null, '"a"']);
  expect(document.body.value).toBe(7);
  expect(document.has('"a"')).toBe(true);
});

test('questions while one is in progress become one more afterwards', async () => {
  const { api, asked, next } = scripted();
  const document = new LiveDocument<number>(
    (etag) => api.read('x', etag),
    () => {},
  );
  const all = [document.refresh(), document.refresh(), document.refresh()];
  next()?.resolve({ body: 1, etag: '"a"' });
  await Promise.resolve();
  await Promise.resolve();
  next()?.resolve({ body: 2, etag: '"b"' });
  await Promise.all(all);
  expect(asked).toHaveLength(2);
  expect(document.body.value).toBe(2);
});

test('a failed request is reported, and keeps the previous document', async () => {
  const { api, next } = scripted();
  const errors: unknown[] = [];
  const document = new LiveDocument<number>(
    (etag) => api.read('x', etag),
    (error) => errors.push(error),
  );
  const first = document.refresh();
  next()?.resolve({ body: 1, etag: '"a"' });
  await first;
  const second = document.refresh();
  next()?.reject(new ApiError(503, 'Docker did not answer', null));
  await second;
  expect(document.body.value).toBe(1);
  expect(document.failure.value).toBe('Docker did not answer');
  expect(errors).toHaveLength(1);
});
