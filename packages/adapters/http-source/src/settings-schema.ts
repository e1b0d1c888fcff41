const text = { $ref: '#/$defs/scalar' };
const pointer = { type: 'string', pattern: '^(/.*)?$', description: 'A JSON pointer, such as /data/value.' };
const mapping = (properties: object, required: readonly string[] = []) => ({
  type: 'object',
  additionalProperties: false,
  ...(required.length === 0 ? {} : { required }),
  properties,
});

/** The JSON schema of an instance's settings. */
export const httpSettingsSchema = mapping(
  {
    url: { type: 'string', pattern: '^https?://', description: 'The address of the server, before the path.' },
    path: { type: 'string', pattern: '^/', description: 'Path and query; {name} is filled from the label http_name.' },
    placeholders: {
      type: 'object',
      description: 'For each placeholder of the path the regular expression of its allowed values.',
      propertyNames: { pattern: '^[a-z][a-z0-9_]*$' },
      additionalProperties: mapping({ pattern: { type: 'string' }, default: text }, ['pattern']),
    },
    headers: {
      type: 'object',
      description: 'Headers of each request. Credentials are in files.',
      additionalProperties: {
        oneOf: [text, mapping({ file: { type: 'string' }, base64: text, before: text, after: text }, ['file'])],
      },
    },
    value: { ...pointer, description: 'Where the secret is in the response; without it, the whole body.' },
    fields: mapping({ list: pointer, name: pointer, value: pointer }, ['list', 'name', 'value']),
    revision: {
      description: 'What changes with the value: digest (the default), etag, or JSON pointers to a version.',
      oneOf: [{ enum: ['digest', 'etag'] }, pointer, { type: 'array', items: pointer, minItems: 1 }],
    },
    probe: {
      description: 'How a change is detected without reading the value.',
      oneOf: [
        { enum: ['conditional', 'head', 'none'] },
        mapping({ path: { type: 'string', pattern: '^/' } }, ['path']),
      ],
    },
    tls: mapping({ ca_file: text, cert_file: text, key_file: text, server_name: text }),
    proxy: text,
    max_calls_per_hour: text,
  },
  ['url', 'path'],
);
