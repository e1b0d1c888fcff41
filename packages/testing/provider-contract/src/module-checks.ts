import assert from 'node:assert/strict';
import { Environment, type ProviderInstance, type ProviderModule, type ProviderTools } from '@vault-swarm/provider';

type Variables = Readonly<Record<string, string>>;

/** What the checks need besides the module. */
export interface ModuleSuite {
  /**
   * Environments without a problem, which together make `parseConfig` read each of its variables. The first is the one that an
   * instance is made with.
   */
  readonly environments: readonly [Variables, ...Variables[]];
  /** What files have in them that variables name. By default each has the text `credential`. */
  readFile?(path: string): string;
}

/** A rule that a module keeps. */
export interface ModuleCheck {
  readonly name: string;
  /** @throws if the module does not keep it; the message says how. */
  run(): void | Promise<void>;
}

/** The rules of a {@link ProviderModule}, by which the plugin can derive the rest from it. */
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
        for (const given of environments) {
          assert.deepEqual(module.labels(parse(given).config).names, module.labels().names);
        }
      },
    },
    {
      name: 'the given environments have no problem',
      run() {
        for (const given of environments) assert.deepEqual(parse(given).environment.problems, []);
      },
    },
    {
      name: 'it lists exactly the variables that it reads',
      run() {
        const read = environments.flatMap((given) => parse(given).environment.names);
        const listed = [...variables.settings, ...variables.credentials.flatMap((name) => [name, `${name}_FILE`])];
        assert.deepEqual(distinct(read), distinct(listed));
      },
    },
    {
      name: 'it reports what is wrong with an environment, and throws nothing',
      run() {
        const everything = [...variables.settings, ...variables.credentials];
        for (const given of [{}, Object.fromEntries(everything.map((name) => [name, '\0 is wrong']))]) parse(given);
      },
    },
    {
      name: 'it makes an instance of the given name, which asks nothing by itself',
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

/** Knows which variables were read. A warning about one that has no effect is no reading. */
class RecordingEnvironment extends Environment {
  /** In capital letters: some variables are read in small ones too. */
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
