import { quoted } from '@vault-swarm/kernel';
import { type LabelScheme, type Labels, ProviderError } from '@vault-swarm/provider';
import type { HttpConfig, Placeholder } from './config.ts';

const FIELD = 'http_field';
/** Longer values are in no path. The limit also bounds the time of a pattern. */
const MAX_VALUE = 512;

/**
 * The labels of an instance: `http_NAME` for each placeholder, and `http_field`. Without a configuration every label
 * with the prefix is one of some instance.
 */
export function httpLabelScheme(config: HttpConfig | undefined): LabelScheme {
  const placeholders = config?.placeholders;
  return {
    kind: 'http',
    names: [...(placeholders?.map(({ name }) => labelOf(name)) ?? ['http_*']), FIELD],
    target(labels) {
      const field = labels[FIELD];
      const location = placeholders === undefined ? allOf(labels) : locationOf(placeholders, labels);
      return { location, path: pathOf(Object.values(location)), ...(field === undefined ? {} : { field }) };
    },
  };
}

/** With several placeholders, a slash within a value is no separator: `a/b` and `c` are not `a` and `b/c`. */
function pathOf(values: readonly string[]): string {
  if (values.length === 1) return values.join();
  return values.map((value) => value.replaceAll('%', '%25').replaceAll('/', '%2F')).join('/');
}

function locationOf(placeholders: readonly Placeholder[], labels: Labels): Readonly<Record<string, string>> {
  return Object.fromEntries(
    placeholders.map(({ name, pattern, otherwise }) => {
      const label = labelOf(name);
      const given = labels[label];
      if (given === undefined && otherwise === undefined)
        throw new ProviderError(
          'INVALID_REF',
          `label "${label}" is missing; the configured provider needs it in its path`,
        );
      const value = given ?? otherwise ?? '';
      if (value.length > MAX_VALUE || !pattern.test(value)) {
        const allowed = pattern.source.slice('^(?:'.length, -')$'.length);
        throw new ProviderError('INVALID_REF', `label "${label}" = ${quoted(value)} must match ${quoted(allowed)}`);
      }
      return [name, value];
    }),
  );
}

/** The placeholders are not known, as for the command line. */
function allOf(labels: Labels): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(labels).flatMap(([label, value]) =>
      label.startsWith('http_') && label !== FIELD ? [[label.slice('http_'.length), value]] : [],
    ),
  );
}

function labelOf(name: string): string {
  return `http_${name}`;
}
