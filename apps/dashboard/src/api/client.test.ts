import { expect, test } from 'vitest';
import { ApiClient, ApiError, reasonOf } from './client.ts';

/** A client whose requests are recorded, and answered one after the other. */
function clientOf(...answers: readonly (Response | Error)[]) {
  const asked: { readonly url: string; readonly init: RequestInit }[] = [];
  const left = [...answers];
  const fetcher = async (url: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    asked.push({ url: String(url), init });
    const answer = left.shift();
    if (answer === undefined || answer instanceof Error) throw answer;
    return answer;
  };
  return { client: new ApiClient(fetcher as typeof fetch), asked };
}

const problem = (status: number, detail: string, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify({ type: 'about:blank', title: 'x', status, detail }), {
    status,
    headers: { 'Content-Type': 'application/problem+json', ...headers },
  });

test('reads a document with its tag, and asks by the tag whether it has changed', async () => {
  const { client, asked } = clientOf(
    Response.json({ total: 1 }, { headers: { ETag: '"a"' } }),
    new Response(null, { status: 304 }),
  );
  expect(await client.read('services')).toEqual({ body: { total: 1 }, etag: '"a"' });
  expect(await client.read('services', '"a"')).toBeNull();
  expect(asked.map(({ url }) => url)).toEqual(['api/v1/services', 'api/v1/services']);
  expect(asked[1]?.init.headers).toEqual({ 'If-None-Match': '"a"' });
});

test('reads a list in as many answers as it takes', async () => {
  const part = (names: string[], cursor: string | null, tag = '"a"') =>
    Response.json({ total: 3, next_cursor: cursor, services: names }, { headers: { ETag: tag } });
  const { client, asked } = clientOf(
    part(['a'], 'YQ=='),
    part(['b', 'c'], null),
    part(['a'], 'YQ=='),
    part(['d'], null, '"b"'),
  );
  expect(await client.readList('services')).toEqual({
    body: { total: 3, next_cursor: 'YQ==', services: ['a', 'b', 'c'] },
    etag: '"a"',
  });
  // The list changed between the two answers.
  expect(await client.readList('services')).toMatchObject({ etag: null });
  expect(asked.map(({ url }) => url).slice(0, 2)).toEqual(['api/v1/services', 'api/v1/services?cursor=YQ%3D%3D']);
});

test("gives the plugin's own reason for a refusal, and how long it asks to wait", async () => {
  const { client } = clientOf(problem(429, 'More than 10 requests in a minute.', { 'Retry-After': '40' }));
  await expect(client.rotate({ quarantined: true })).rejects.toEqual(
    new ApiError(429, 'More than 10 requests in a minute', 40_000),
  );
});

test('reports if another server answered, or none', async () => {
  const { client } = clientOf(new Response('<h1>Bad gateway</h1>', { status: 502 }), new TypeError('failed to fetch'));
  const reasons: string[] = [];
  for (const _attempt of [1, 2]) await client.read('overview').catch((error) => reasons.push(reasonOf(error)));
  expect(reasons).toEqual([
    'Another program answered instead of the plugin, with status 502',
    'The plugin is unreachable',
  ]);
  expect(reasonOf(new DOMException('', 'TimeoutError'))).toBe('The plugin does not answer');
});

test.each([
  [{ due: true } as const, 'api/v1/plan?'],
  [{ service: 'a&b' }, 'api/v1/plan?service=a%26b'],
  [{ quarantined: true } as const, 'api/v1/plan?quarantined=true'],
])('asks for the plan of %j', async (request, url) => {
  const { client, asked } = clientOf(Response.json({ services: [] }));
  await client.plan(request);
  expect(asked[0]?.url).toBe(url);
});
