import { STATUS_CODES } from 'node:http';
import * as z from 'zod';
import type { Route } from '../routes/route.ts';

type Json = Readonly<Record<string, unknown>>;

const COMPONENTS = '#/components/schemas/';

/** Creates the OpenAPI 3.1 document of these routes. */
export function openApiDocument(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = openApiPath(route.path);
    paths[path] = { ...paths[path], [route.method]: operationObject(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Vault Swarm Plugin: monitoring',
      version,
      description:
        'The state of the plugin, and requests for rotations and lockdowns. No response contains a value of a secret. ' +
        'Fields may be added to responses.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      schemas: components(),
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'MONITORING_TOKEN, or MONITORING_VIEW_TOKEN for read access',
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'vault-swarm-session-PORT',
          description: 'from POST /api/v1/session; with TLS its name starts with __Host-',
        },
      },
    },
  };
}

/** Every named schema of the API, by its name. */
function components(): Json {
  const { schemas } = z.toJSONSchema(z.globalRegistry, { uri: (id) => `${COMPONENTS}${id}`, io: 'input' });
  return Object.fromEntries(Object.entries(schemas).map(([name, { $schema, $id, id, ...schema }]) => [name, schema]));
}

/** The path with its parameters in braces. */
function openApiPath(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}');
}

function nameOf(schema: z.ZodType): string {
  const { id } = schema.meta() ?? {};
  if (id === undefined) throw new Error('the schema of a response has no name');
  return id;
}

function operationObject(route: Route): Json {
  const { method, path, summary, query, body, responses } = route;
  return {
    operationId: `${method} ${path}`.replace(/[/._: ]+(\w?)/g, (_all, letter: string) => letter.toUpperCase()),
    summary,
    ...(query === undefined ? {} : { parameters: parametersOf(query) }),
    ...(path.includes(':') ? { parameters: pathParametersOf(path) } : {}),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: reference(nameOf(body)) } } } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(responses).map(([status, content]) => [status, responseObject(Number(status), content)]),
      ),
      ...(route.isTagged === true ? { 304: { description: 'The version in If-None-Match is current' } } : {}),
      ...Object.fromEntries(problemsOf(route).map((status) => [status, problemObject(status)])),
    },
    ...(needsToken(route) ? {} : { security: [] }),
  };
}

function needsToken({ access }: Route): boolean {
  return access === 'read' || access === 'write';
}

function parametersOf(query: z.ZodObject): readonly Json[] {
  return Object.entries(query.shape).map(([name, schema]) => {
    const { $schema, description, ...json } = z.toJSONSchema(schema as z.ZodType, { io: 'output' });
    return { name, in: 'query', required: false, ...(description === undefined ? {} : { description }), schema: json };
  });
}

function pathParametersOf(path: string): readonly Json[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function responseObject(status: number, content: z.ZodType | string | null): Json {
  const description = STATUS_CODES[status] ?? '';
  if (content === null) return { description };
  if (typeof content === 'string') return { description, content: { [content]: {} } };
  return { description, content: { 'application/json': { schema: reference(nameOf(content)) } } };
}

/** The problems that every route may return, and those of this one. */
function problemsOf(route: Route): readonly number[] {
  const { method, query, body, responses, problems = [] } = route;
  const all = [
    ...(query !== undefined || body !== undefined ? [400] : []),
    ...(needsToken(route) ? [401] : []),
    ...(route.access === 'any-host' ? [] : [403]),
    ...(needsToken(route) || method === 'post' ? [429] : []),
    ...problems,
  ];
  return [...new Set(all)].filter((status) => !(status in responses));
}

function problemObject(status: number): Json {
  return {
    description: STATUS_CODES[status] ?? '',
    content: { 'application/problem+json': { schema: reference('Problem') } },
  };
}

function reference(name: string): Json {
  return { $ref: `${COMPONENTS}${name}` };
}
