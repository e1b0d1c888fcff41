import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { Access } from '../access/authorization.ts';
import { eventSchema, overviewSchema, problemSchema } from '../api/index.ts';
import { createApp } from '../app.ts';
import { routes } from '../routes/index.ts';
import type { Route } from '../routes/route.ts';
import {
  type Answer,
  type Fixture,
  fixtureOptions,
  QUARANTINE,
  startFixture,
  status,
} from '../testing/monitoring-fixture.ts';

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

interface OperationObject {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}

const TOKENS = { token: 'correct', viewToken: 'look' };
const signed = { Authorization: 'Bearer correct' };
let fixture: Fixture;
let text: string;
let document: Document;
beforeAll(async () => {
  const services = status.services.map((service) => ({ ...service, quarantine: QUARANTINE }));
  fixture = await startFixture(TOKENS, { status: () => ({ ...status, services }) });
  text = (await fixture.ask('/api/v1/openapi.json', { headers: signed })).body;
  document = JSON.parse(text);
});
afterAll(() => fixture.server.close());

test('the document is a right OpenAPI 3.1 document', async () => {
  const { valid, errors } = await new Validator().validate(text);
  expect(errors ?? []).toEqual([]);
  expect(valid).toBe(true);
  expect(document.openapi).toBe('3.1.0');
  const ids = Object.values(document.paths).flatMap((path) =>
    Object.values(path).map(({ operationId }) => operationId),
  );
  expect(new Set(ids).size).toBe(routes.length);
  for (const id of ids) expect(id).toMatch(/^[a-z][A-Za-z0-9]+$/);
});

test('every reference within it leads somewhere', () => {
  const names = Object.keys(document.components.schemas);
  for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) {
    expect(names).toContain(name);
  }
  expect(text).not.toMatch(/"\$ref":"(?!#\/components\/schemas\/\w+")/);
});

test('every path and method of it has a route, and every route is in it', async () => {
  const documented = routes.map(({ method, path }) => `${method} ${path}`);
  const answers = await Promise.all(routes.map(({ path }) => fixture.ask(path, { method: 'PATCH', headers: signed })));
  const routed = routes.flatMap(({ path }, index) =>
    (answers[index]?.headers.allow ?? '')
      .split(', ')
      .filter((method) => method !== 'HEAD')
      .map((method) => `${method.toLowerCase()} ${path}`),
  );
  expect([...new Set(routed)].toSorted()).toEqual(documented.toSorted());
  expect(routedPaths()).toEqual([...new Set(routes.map(({ path }) => path))].toSorted());
});

describe('what is really answered', () => {
  const json = routes.filter(({ method, responses }) => method === 'get' && typeof responses[200] === 'object');

  test.each(json)('to GET $path fits its schema, and has nothing else in it', async ({ path, responses }) => {
    const answer = await fixture.ask(path, { headers: signed });
    const schema = responses[200];
    expect(answer.status).toBe(200);
    if (!(schema instanceof z.ZodType)) throw new Error('the answer has no schema');
    const body: unknown = JSON.parse(answer.body);
    // What a schema does not know is left out by it.
    expect(schema.parse(body)).toEqual(body);
  });

  test.each([
    ['/api/v1/overview', {}, 401],
    ['/api/v1/overview', { Authorization: 'Bearer wrong' }, 401],
    ['/api/v1/secrets?limit=x', signed, 400],
    ['/api/v1/services?state=x', signed, 400],
    ['/api/v1/events?level=x', signed, 400],
    ['/api/v1/plan?secret=a&service=b', signed, 400],
    ['/api/v1/stream?after=x', signed, 400],
    ['/nothing', signed, 404],
  ] as const)('to GET %s, where it is wrong, is a problem', async (path, headers, code) => {
    expectProblem(await fixture.ask(path, { headers: { ...headers } }), code);
  });

  test('to POST and DELETE matches the document', async () => {
    const headers = { ...signed, 'Content-Type': 'application/json' };
    const rotate = routeOf('post', '/api/v1/rotate');
    const rotated = await fixture.ask('/api/v1/rotate', { method: 'POST', headers, body: '{"service": "web"}' });
    expect(Object.keys(rotate.responses)).toContain(String(rotated.status));
    const view = { ...headers, Authorization: 'Bearer look' };
    expectProblem(await fixture.ask('/api/v1/rotate', { method: 'POST', headers: view, body: '{}' }), 403);
    expectProblem(await fixture.ask('/api/v1/rotate', { method: 'POST', headers, body: '{}' }), 400);
    expectProblem(await fixture.ask('/api/v1/rotate', { method: 'POST', headers: signed, body: '{}' }), 415);
    expectProblem(await fixture.ask('/api/v1/session', { method: 'POST', headers, body: '{"token": "x"}' }), 401);
    expect((await fixture.ask('/api/v1/session', { method: 'DELETE' })).status).toBe(204);
  });
});

test('an answer with a field that it should not have is found by these tests', async () => {
  const { body } = await fixture.ask('/api/v1/overview', { headers: signed });
  const wrong = { ...JSON.parse(body), value: 'hunter2' };
  expect(overviewSchema.parse(wrong)).not.toEqual(wrong);
  expect(() => eventSchema.parse({ id: -1 })).toThrow();
});

function routeOf(method: Route['method'], path: string): Route {
  const found = routes.find((route) => route.method === method && route.path === path);
  if (found === undefined) throw new Error(`there is no ${method} ${path}`);
  return found;
}

function expectProblem({ status: code, headers, body }: Answer, expected: number): void {
  expect(code).toBe(expected);
  expect(headers['content-type']).toBe('application/problem+json');
  const problem: unknown = JSON.parse(body);
  expect(problemSchema.parse(problem)).toEqual(problem);
}

const NONE = Buffer.alloc(0);

/** The paths of the routes themselves, but for the dashboard's files. */
function routedPaths(): readonly string[] {
  const options = fixtureOptions(TOKENS);
  const access = new Access(options.config, options.clock, null);
  const { handle } = createApp({ ...options, access, dashboard: { index: NONE, signIn: NONE, assets: [] } });
  const paths = handle.router.stack.flatMap(({ route }) => (route === undefined ? [] : [route.path]));
  return [...new Set(paths)].toSorted();
}
