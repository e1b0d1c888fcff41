import type { Overview, ProblemEntry } from '@vault-swarm/http/api';
import type { ConfigurationProblem } from '@vault-swarm/provider';
import type { Failure } from '../failure.ts';
import type { PluginAddress } from '../plugin/address.ts';
import { VERSION } from '../version.ts';
import type { ClockReading } from './clock-check.ts';
import { type Check, checked, type Finding, hint, skipped, wrong } from './finding.ts';
import { isOfManagers } from './manager-problems.ts';

/** What asking the plugin came to. */
export type PluginFacts =
  | { readonly kind: 'failed'; readonly failure: Failure }
  | {
      readonly kind: 'answered';
      readonly address: PluginAddress;
      readonly overview: Overview;
      /** The plugin's clock; `null` if it did not tell. */
      readonly clock: Omit<ClockReading, 'name'> | null;
    };

const NOT_REACHED = 'the plugin was not reached';

const PORT_ADVICE =
  'Check that its ENABLE_MONITORING is not false, and compare its MONITORING_PORT. In a stack, give the plugin the network of its manager: deploy with docker/stack.yml and docker/stack.host.yml. ' +
  'If the port is elsewhere, set VAULT_SWARM_URL.';

/** What other checks found that the plugin may say too. */
export interface Covered {
  /** Whether its socket answers: then it runs, and only its port is not reached. */
  readonly isServing: boolean;
  /** Findings about the engine. */
  readonly engine: readonly Finding[];
  /** Whether the labels of this secret are wrong. */
  readonly hasWrongLabels: (secret: string) => boolean;
}

/** Problems that say why reconcile passes do not complete. */
const EXPLAINS_UNHEALTHY = new Set([
  'ORCHESTRATOR_UNAVAILABLE',
  'ORCHESTRATOR_ACCESS_DENIED',
  'RECONCILE_STALLED',
  'NOT_A_MANAGER',
]);

/** Whether the plugin is reached, and what it says itself that no other check says. */
export function checkPlugin(facts: PluginFacts, { isServing, engine, hasWrongLabels }: Covered): Check {
  if (facts.kind === 'failed') {
    const { message, advice, code } = facts.failure;
    const isPortOnly = isServing && code === 'CONNECTION_REFUSED';
    return checked('plugin', isPortOnly ? 'runs, and its port is not reached' : 'not reached', [
      isPortOnly
        ? wrong(`the plugin runs, since its socket responds, but ${message}`, PORT_ADVICE)
        : wrong(message, advice),
    ]);
  }
  const { overview, address } = facts;
  const isElsewhere = (problem: ProblemEntry) =>
    isPolicyMissing(problem) ||
    isOfManagers(problem) ||
    (problem.code === 'PROVIDER_UNAVAILABLE' && overview.providers.some(isFailing)) ||
    (problem.code === 'ORCHESTRATOR_UNAVAILABLE' && engine.some(({ message }) => problem.message.includes(message))) ||
    (problem.code === 'SECRET_UNDELIVERABLE' && problem.secrets.every(hasWrongLabels));
  const findings: Finding[] = overview.problems
    .filter((problem) => !isElsewhere(problem))
    .map(({ code, message, action }) => wrong(`${message} (${code})`, `${action}.`));
  if (!overview.healthy && !overview.problems.some(({ code }) => EXPLAINS_UNHEALTHY.has(code))) {
    findings.unshift(
      wrong(
        'the plugin is unhealthy: its reconcile passes do not end, or Docker does not respond to it',
        'Check its log; it must reach the Docker socket.',
      ),
    );
  }
  if (!overview.rotation_enabled) {
    findings.push(hint('rotation is turned off', 'To rotate values, start the plugin with ENABLE_ROTATION=true.'));
  }
  if (overview.plugin.version !== VERSION) {
    findings.push(
      hint(
        `the plugin is version ${overview.plugin.version}, and this command line ${VERSION}`,
        'Use the bin/vault-swarm that came with the plugin.',
      ),
    );
  }
  return checked('plugin', `${overview.plugin.name} ${overview.plugin.version} at ${address.url.origin}`, findings);
}

/**
 * Whether the plugin runs with dangerous or ignored settings.
 * @param ofEnvironment what is wrong with the settings in this environment, for a plugin that does not run.
 */
export function checkSettings(facts: PluginFacts, ofEnvironment: readonly ConfigurationProblem[]): Check {
  if (facts.kind === 'failed') {
    if (ofEnvironment.length === 0) return skipped('settings', NOT_REACHED);
    return checked(
      'settings',
      'of this environment',
      ofEnvironment.map(({ variable, message }) =>
        wrong(`the plugin does not start with this environment: ${variable}: ${message}`, `Correct ${variable}.`),
      ),
    );
  }
  const { warnings } = facts.overview;
  return checked(
    'settings',
    warnings.length === 0 ? 'no setting is dangerous or ignored' : `${warnings.length} dangerous or ignored`,
    warnings.map(({ code, variable, message }) =>
      hint(`${variable}: ${message}`, `See ${code} in docs/reference/environment.md.`),
    ),
  );
}

/** Whether the plugin's providers answer it. */
export function checkProviders(facts: PluginFacts): Check {
  if (facts.kind === 'failed') return skipped('providers', NOT_REACHED);
  const { providers, problems } = facts.overview;
  return checked(
    'providers',
    providers.map(({ name, state }) => `${name} ${state}`).join(', '),
    providers.filter(isFailing).map(({ name, state, error }) => {
      const away = state === 'circuit-open' ? 'does not respond, and its circuit breaker is open' : 'fails';
      const reason = error === null ? '' : `: ${error.message} (${error.code})`;
      const known = problems.find(
        ({ code, message }) => code === 'PROVIDER_UNAVAILABLE' && message.includes(` ${name}: `),
      );
      return wrong(
        `${name} ${away}${reason}`,
        known === undefined ? 'See docs/reference/errors.md.' : `${known.action}.`,
      );
    }),
  );
}

function isFailing({ state }: Overview['providers'][number]): boolean {
  return state !== 'ok' && state !== 'unused';
}

/** Whether a policy is missing, by what the plugin says of its providers. */
export function checkPolicies(facts: PluginFacts): Check {
  if (facts.kind === 'failed') return skipped('policies', NOT_REACHED);
  const findings = facts.overview.problems
    .filter(isPolicyMissing)
    .map(({ message, action }) => wrong(message, `${action}.`));
  return checked(
    'policies',
    findings.length === 0 ? 'no rule is known to be missing' : `${findings.length} missing`,
    findings,
  );
}

/** Whether the token can be read on its way. */
export function checkTransport(facts: PluginFacts): Check {
  if (facts.kind === 'failed') return skipped('transport', NOT_REACHED);
  const { url, token } = facts.address;
  const isNear = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol === 'https:') return checked('transport', 'HTTPS');
  return checked(
    'transport',
    isNear ? 'HTTP on this machine' : 'HTTP',
    isNear || token === null
      ? []
      : [
          hint(
            `the token of ${token.variable} is sent to ${url.hostname} without encryption`,
            'Set MONITORING_TLS_CERT_FILE and MONITORING_TLS_KEY_FILE of the plugin, or run this on its machine.',
          ),
        ],
  );
}

/** Whether the plugin's identity lacks a right. */
function isPolicyMissing({ code }: ProblemEntry): boolean {
  return code === 'SECRET_ACCESS_DENIED' || code === 'PROBE_UNAVAILABLE';
}
