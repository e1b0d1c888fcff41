// Renders the OpenAPI document of the monitoring port as a page: a table of requests, and each schema with its fields.

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
}

interface Operation {
  readonly summary?: string;
  readonly security?: readonly unknown[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly description?: string;
    readonly schema?: Schema;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: Schema }>> };
  readonly responses: Readonly<
    Record<
      string,
      { readonly description: string; readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> }
    >
  >;
}

/** The parts of an OpenAPI 3.1 document that are rendered. */
export interface OpenApi {
  readonly info: { readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** Text in a cell of a table: on one line, and no cell of its own. */
const cell = (text: string) => text.replace(/\s+/g, ' ').replaceAll('|', '\\|').replaceAll('<', '&lt;').trim();
const code = (text: string) => `\`${text.replaceAll('|', '\\|')}\``;
const refName = (ref: string) => ref.slice(ref.lastIndexOf('/') + 1);

/** A schema in a few words: a link to a named one, values of an enumeration, `list of …`. */
function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) {
    const name = refName(schema.$ref);
    return `[${name}](#${name.toLowerCase()})`;
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return choices.map(typeOf).join(' or ');
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(', ');
  if (schema.type === 'array') return `list of ${typeOf(schema.items ?? {})}`;
  if (typeof schema.additionalProperties === 'object') return `map to ${typeOf(schema.additionalProperties)}`;
  if (schema.properties !== undefined) return `object with ${Object.keys(schema.properties).map(code).join(', ')}`;
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? ['any']);
  return `${types.join(' or ')}${schema.format === undefined ? '' : ` (${schema.format})`}`;
}

function rowsOf({ properties = {}, required = [] }: Schema): readonly string[] {
  const rows = Object.entries(properties).map(([name, property]) => {
    const optional = required.includes(name) ? '' : ', optional';
    return `| ${code(name)} | ${typeOf(property)}${optional} | ${cell(property.description ?? '')} |`;
  });
  return rows.length === 0 ? [] : ['| field | type | meaning |', '| --- | --- | --- |', ...rows];
}

function responsesOf(operation: Operation): string {
  return Object.entries(operation.responses)
    .map(([status, { description, content = {} }]) => {
      const [[type = '', { schema = undefined } = {}] = []] = Object.entries(content);
      const body = schema === undefined ? type : typeOf(schema);
      return `${status} ${body === '' ? description : body}`;
    })
    .join('; ');
}

function operationLines(path: string, method: string, operation: Operation): readonly string[] {
  const access = operation.security?.length === 0 ? 'no token' : 'a token, if one is set';
  const body = Object.values(operation.requestBody?.content ?? {}).flatMap(({ schema }) => schema ?? []);
  const parameters = (operation.parameters ?? []).map(
    ({ name, in: where, required = false, description = '', schema = {} }) =>
      `| ${code(name)} | ${where}${required ? ', required' : ''} | ${typeOf(schema)} | ${cell(description)} |`,
  );
  return [
    `### ${method.toUpperCase()} ${path.replaceAll('{', ':').replaceAll('}', '')}`,
    '',
    `${operation.summary ?? ''}. Access: ${access}.`,
    '',
    ...(parameters.length === 0
      ? []
      : ['| parameter | in | type | meaning |', '| --- | --- | --- | --- |', ...parameters, '']),
    ...(body.length === 0 ? [] : [`Body: ${body.map(typeOf).join(' or ')}`, '']),
    `Responses: ${responsesOf(operation)}`,
    '',
  ];
}

/** The page in Markdown. */
export function openApiPage({ info, paths, components }: OpenApi): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) => operationLines(path, method, operation)),
  );
  const schemas = Object.entries(components.schemas)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, schema]) => {
      const rows = rowsOf(schema);
      const what = rows.length === 0 ? [typeOf(schema), ''] : [...rows, ''];
      return [`### ${name}`, '', ...(schema.description === undefined ? [] : [cell(schema.description), '']), ...what];
    });
  return [
    '# OpenAPI of the monitoring port',
    '',
    '<!-- Generated: vitest run --project repository .ci/reference.test.ts --update -->',
    '',
    `${info.description} A running plugin serves the same as JSON, at \`/api/v1/openapi.json\`. [HTTP](http.md) explains it.`,
    '',
    '## Requests',
    '',
    ...operations,
    '## Schemas',
    '',
    ...schemas,
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}
