import { parseYamlFields } from '@vault-swarm/file/yaml-fields';
import { displayText } from '@vault-swarm/kernel';
import { Failure } from './failure.ts';

/** A secret of a stack file that names a driver. */
export interface StackSecret {
  /** Its name in the Swarm. */
  readonly name: string;
  readonly driver: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly hasDriverOptions: boolean;
  /** The names in the Swarm of the services that use it. */
  readonly services: readonly string[];
}

/** The environment in which `docker stack deploy` would run. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** `$$`, `$NAME` and `${NAME}`, also with a default or an error message. */
const VARIABLE = /\$(?:(\$)|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?[-?+])([^}]*))?\})/g;

/**
 * The secrets of a stack file that name a driver, as `docker stack deploy` would create them.
 *
 * @param stack the name of the stack; `undefined`: the `name` of the file.
 * @throws {Failure} `WRONG_USE` if it is not a stack file, or nothing says the name of the stack.
 */
export function readStackFile(
  text: string,
  stack: string | undefined,
  variables: Variables,
): { readonly stack: string; readonly secrets: readonly StackSecret[] } {
  const parsed = parseYamlFields(text, 'failsafe');
  if ('problem' in parsed) throw wrongFile(parsed.problem);
  const root = interpolated(parsed.fields, variables) as Mapping;
  const name = stack ?? textOf(root.name);
  if (name === undefined) {
    throw new Failure(
      'WRONG_USE',
      'the file does not say what the stack is called, and names of secrets and services start with it',
      'Give --stack NAME, as for docker stack deploy.',
    );
  }
  const services = Object.entries(mappingOf(root.services)).map(([key, service]) => ({
    name: `${name}_${key}`,
    uses: new Set(listOf(mappingOf(service).secrets).map(sourceOf)),
  }));
  const secrets = Object.entries(mappingOf(root.secrets)).flatMap(([key, given]): StackSecret[] => {
    const secret = mappingOf(given);
    const driver = textOf(secret.driver);
    if (driver === undefined) return [];
    return [
      {
        name: textOf(secret.name) ?? `${name}_${key}`,
        driver,
        labels: labelsOf(secret.labels),
        hasDriverOptions: Object.keys(mappingOf(secret.driver_opts)).length > 0,
        services: services.filter(({ uses }) => uses.has(key)).map((service) => service.name),
      },
    ];
  });
  return { stack: name, secrets };
}

type Mapping = Readonly<Record<string, unknown>>;

function interpolated(value: unknown, variables: Variables): unknown {
  if (typeof value === 'string') return interpolate(value, variables);
  if (Array.isArray(value)) return value.map((each) => interpolated(each, variables));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, interpolated(each, variables)]));
}

/** As Compose does. @throws {Failure} `WRONG_USE` for `${NAME:?message}` without the variable. */
function interpolate(text: string, variables: Variables): string {
  return text.replace(VARIABLE, (_all, dollar, plain, braced, operator, other: string) => {
    if (dollar !== undefined) return '$';
    const name: string = plain ?? braced;
    const value = variables[name];
    const isGiven = operator?.startsWith(':') === true ? Boolean(value) : value !== undefined;
    switch (operator?.at(-1)) {
      case '-':
        return isGiven ? (value ?? '') : other;
      case '+':
        return isGiven ? other : '';
      case '?':
        if (isGiven) return value ?? '';
        throw new Failure(
          'WRONG_USE',
          `the file needs the variable ${displayText(name)}${other === '' ? '' : `: ${displayText(other)}`}`,
          'Set it as for docker stack deploy.',
        );
      default:
        return value ?? '';
    }
  });
}

/** A service names a secret, or gives a mapping with its `source`. */
function sourceOf(given: unknown): string | undefined {
  return textOf(given) ?? textOf(mappingOf(given).source);
}

/** A mapping, or a list of `LABEL=VALUE`. */
function labelsOf(given: unknown): Readonly<Record<string, string>> {
  if (!Array.isArray(given)) {
    return Object.fromEntries(Object.entries(mappingOf(given)).map(([label, value]) => [label, textOf(value) ?? '']));
  }
  return Object.fromEntries(given.map((entry) => pairOf(textOf(entry) ?? '')));
}

function pairOf(entry: string): readonly [string, string] {
  const end = entry.indexOf('=');
  return end < 0 ? [entry, ''] : [entry.slice(0, end), entry.slice(end + 1)];
}

function mappingOf(value: unknown): Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Mapping) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function wrongFile(problem: string): Failure {
  return new Failure('WRONG_USE', `the file is no stack file: ${problem}`, 'Give the file of docker stack deploy.');
}
