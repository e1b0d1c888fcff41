import assert from 'node:assert/strict';
import { Environment, type ProviderInstance, type ProviderModule, type ProviderTools } from '@vault-swarm/provider';

type Variables = Readonly<Record<string, string>>;

/** The inputs of the checks, besides the module. */
export interface ModuleSuite {
  /**
   * Valid environments, which together make `parseConfig` read each of its variables. The instance is created with the first
   * one. Nested settings are given by their paths, such as `headers.Accept`.
   */
  readonly environments: readonly [Variables, ...Variables[]];
  /** The content of files that variables name. By default `credential`. */
  readFile?(path: string): string;
}

/** A rule for modules. */
export interface ModuleCheck {
  readonly name: string;
  /** @throws if the module breaks the rule; the message says how. */
  run(): void | Promise<void>;
}

/** The rules of a {@link ProviderModule}, on which the plugin relies. */
export function moduleChecks<Config>(module: ProviderModule<Config>, suite: ModuleSuite): readonly ModuleCheck[] {
  const { kind, variables } = module;
  const { environments, readFile = () => 'credential\n' } = suite;
  const parse = (given: Variables) => {
    const environment = new RecordingEnvironment(given, readFile);
    return { config: module.parseConfig(environment, { readFile, surroundings: null }), environment };
  };
  return [
    {
      name: 'its kind has only lower-case letters and digits, and its labels start with it',
      run() {
        assert.match(kind, /^[a-z][a-z0-9]*$/);
        const { kind: ofLabels, names } = module.labels();
        assert.equal(ofLabels, kind);
        assert(names.length > 0, 'it has no labels');
        for (const name of names) assert(name.startsWith(`${kind}_`), `the label ${name}`);
      },
    },
    {
      name: 'its labels have the same names with every configuration',
      run() {
        const { names: known } = module.labels();
        const isOpen = known.some((name) => name.endsWith('_*'));
        for (const given of environments) {
          const { names } = module.labels(parse(given).config);
          if (!isOpen) assert.deepEqual(names, known);
        }
      },
    },
    {
      name: 'the given environments are valid',
      run() {
        for (const given of environments) assert.deepEqual(parse(given).environment.problems, []);
      },
    },
    {
      name: 'it lists exactly the variables that it reads',
      run() {
        if (module.nestedSettings !== undefined) {
          assert.deepEqual([...variables.settings, ...variables.credentials], []);
          return;
        }
        const read = environments.flatMap((given) => parse(given).environment.names);
        const listed = [...variables.settings, ...variables.credentials.flatMap((name) => [name, `${name}_FILE`])];
        assert.deepEqual(distinct(read), distinct(listed));
      },
    },
    {
      name: 'it reports problems of an environment, and does not throw',
      run() {
        const everything = [...variables.settings, ...variables.credentials];
        for (const given of [{}, Object.fromEntries(everything.map((name) => [name, '\0 is wrong']))]) parse(given);
      },
    },
    {
      name: 'it creates an instance of the given name, which sends no requests by itself',
      async run() {
        const asked: string[] = [];
        const instance = await instanceOf(module, parse(environments[0]).config, (type) => asked.push(type));
        try {
          assert.equal(instance.name, 'an-instance');
          assert.deepEqual(asked, []);
        } finally {
          await instance.close();
        }
      },
    },
  ];
}

/** Records which variables were read. A warning about an ignored variable does not count. */
class RecordingEnvironment extends Environment {
  /** In upper case: some variables are read in lower case too. */
  readonly names: string[] = [];

  override optional(name: string): string | undefined {
    this.names.push(name.toUpperCase());
    return super.optional(name);
  }
}

function instanceOf<Config>(
  module: ProviderModule<Config>,
  config: Config,
  onEvent: (type: string) => void,
): Promise<ProviderInstance> {
  const tools: ProviderTools = {
    name: 'an-instance',
    clock: {
      now: () => Date.now(),
      monotonic: () => performance.now(),
      after(delayMs, callback) {
        const timer = setTimeout(callback, delayMs);
        return () => clearTimeout(timer);
      },
    },
    random: { next: () => 0.5 },
    digest: () => 'digest',
    events: { emit: ({ type }) => onEvent(type) },
    ownFiles: [],
  };
  return module.load(config, tools);
}

function distinct(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}
