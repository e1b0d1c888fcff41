import { STATUS_CODES } from 'node:http';
import * as z from 'zod';
import type { Operation } from './operations.ts';

type Json = Readonly<Record<string, unknown>>;

const COMPONENTS = '#/components/schemas/';

/** Creates the OpenAPI 3.1 document of these operations. */
export function openApiDocument(operations: readonly Operation[], version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: operationObject(operation) };
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

function nameOf(schema: z.ZodType): string {
  const { id } = schema.meta() ?? {};
  if (id === undefined) throw new Error('the schema of a response has no name');
  return id;
}

function operationObject(operation: Operation): Json {
  const { method, path, summary, query, body, answers, isOpen = false } = operation;
  return {
    operationId: `${method} ${path}`.replace(/[/._ ]+(\w?)/g, (_all, letter: string) => letter.toUpperCase()),
    summary,
    ...(query === undefined ? {} : { parameters: parametersOf(query) }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: reference(nameOf(body)) } } } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, answer]) => [status, answerObject(Number(status), answer)]),
      ),
      ...(operation.isTagged === true ? { 304: { description: 'The version in If-None-Match is current' } } : {}),
      ...Object.fromEntries(problemsOf(operation).map((status) => [status, problemObject(status)])),
    },
    ...(isOpen ? { security: [] } : {}),
  };
}

function parametersOf(query: z.ZodObject): readonly Json[] {
  return Object.entries(query.shape).map(([name, schema]) => {
    const { $schema, description, ...json } = z.toJSONSchema(schema as z.ZodType, { io: 'output' });
    return { name, in: 'query', required: false, ...(description === undefined ? {} : { description }), schema: json };
  });
}

function answerObject(status: number, answer: z.ZodType | string | null): Json {
  const description = STATUS_CODES[status] ?? '';
  if (answer === null) return { description };
  if (typeof answer === 'string') return { description, content: { [answer]: {} } };
  return { description, content: { 'application/json': { schema: reference(nameOf(answer)) } } };
}

/** The problems that every operation may return, and those of this one. */
function problemsOf({
  method,
  path,
  query,
  body,
  answers,
  problems = [],
  isOpen = false,
}: Operation): readonly number[] {
  const isAsked = query !== undefined || body !== undefined;
  const mayBeForbidden = path !== '/health';
  const all = [
    ...(isAsked ? [400] : []),
    ...(isOpen ? [] : [401]),
    ...(mayBeForbidden ? [403] : []),
    ...(isOpen && method !== 'post' ? [] : [429]),
    ...problems,
  ];
  return [...new Set(all)].filter((status) => !(status in answers));
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
