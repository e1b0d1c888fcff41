import type { ProviderModule } from '@vault-swarm/provider';
import { hooksSchema } from './config-file-hooks.ts';
import { notificationsSchema } from './config-file-notifications.ts';
import { PROVIDER_NAME } from './provider-name.ts';

const SCALAR = { $ref: '#/$defs/scalar' };
const STACKS = { $ref: '#/$defs/stacks' };
const TEXTS = { type: 'array', minItems: 1, items: { type: 'string' } };

/** Which service may read what. */
const ACCESS = {
  type: 'object',
  additionalProperties: false,
  description: 'Which service may read which secrets.',
  properties: {
    default: { enum: ['allow', 'deny'], description: 'For services that no rule is for. By default allow.' },
    mode: { enum: ['enforce', 'report'], description: 'report: nothing is denied, and denials are reported.' },
    rules: {
      type: 'array',
      items: {
        type: 'object',
        required: ['grant'],
        additionalProperties: false,
        properties: {
          stacks: STACKS,
          services: { ...TEXTS, description: 'Names with * and ?.' },
          grant: {
            type: 'object',
            additionalProperties: TEXTS,
            description: 'By the name of the provider: paths with *, ** and ?.',
          },
          versions: { enum: ['any', 'latest'], description: 'latest: no pinned versions.' },
        },
      },
    },
  },
};

/** The JSON schema of `CONFIG_FILE` for a plugin with these kinds of provider. Credentials are given as files. */
export function configFileSchema(modules: readonly ProviderModule[]) {
  const kinds = modules.map((module) => module.kind);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'CONFIG_FILE of the Vault Swarm Plugin',
    description:
      'Several providers of one kind, hooks, notifications, and the access policy. Settings have the names of environment variables. Credentials are in separate files.',
    type: 'object',
    anyOf: [
      { required: ['providers'] },
      { required: ['hooks'] },
      { required: ['access'] },
      { required: ['notifications'] },
    ],
    additionalProperties: false,
    properties: {
      providers: {
        type: 'object',
        minProperties: 1,
        description: 'By name, for the label `provider`. The first is the default if SECRETS_PROVIDER is not set.',
        propertyNames: { pattern: PROVIDER_NAME.source },
        additionalProperties: { oneOf: kinds.map((kind) => ({ $ref: `#/$defs/${kind}` })) },
      },
      hooks: hooksSchema,
      access: ACCESS,
      notifications: notificationsSchema,
    },
    $defs: {
      stacks: { type: 'array', minItems: 1, items: { type: 'string', pattern: '^[^*?]+$' } },
      scalar: { type: ['string', 'number', 'boolean'] },
      ...Object.fromEntries(modules.map((module) => [module.kind, entrySchema(module)])),
    },
  };
}

function entrySchema({ kind, nestedSettings, variables: { settings, credentials } }: ProviderModule) {
  if (nestedSettings !== undefined) {
    return {
      type: 'object',
      required: ['kind', 'settings'],
      additionalProperties: false,
      properties: { kind: { const: kind }, stacks: STACKS, settings: nestedSettings.schema },
    };
  }
  const names = [...settings, ...credentials.map((name) => `${name}_FILE`)];
  return {
    type: 'object',
    required: ['kind'],
    additionalProperties: false,
    properties: {
      kind: { const: kind },
      stacks: STACKS,
      settings: {
        type: 'object',
        additionalProperties: false,
        properties: Object.fromEntries(names.map((name) => [name, SCALAR])),
      },
    },
  };
}
