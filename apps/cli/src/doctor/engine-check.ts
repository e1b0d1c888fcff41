import { displayText, errorMessage } from '@vault-swarm/kernel';
import type { EngineFacts } from './engine.ts';
import { type Check, checked, skipped, wrong } from './finding.ts';

/** Whether there is an engine, and it answers. */
export function checkEngine(facts: EngineFacts): Check {
  switch (facts.kind) {
    case 'misconfigured':
      return checked(
        'engine',
        'not configured correctly',
        facts.problems.map(({ variable, message }) => wrong(`${variable}: ${message}`, 'Correct the variable.')),
      );
    case 'silent':
      return silent(facts);
    case 'answered':
      return checked('engine', `Docker ${facts.info.ServerVersion ?? 'of an unknown version'} at ${facts.address}`);
  }
}

/** Whether the engine is a manager of a Swarm that works. */
export function checkSwarm(facts: EngineFacts): Check {
  if (facts.kind !== 'answered') return skipped('swarm', 'no engine was reached');
  const { LocalNodeState: state = 'inactive', ControlAvailable: isManager, Error: reason } = facts.info.Swarm ?? {};
  if (state !== 'active') {
    const [message, fix] = NOT_ACTIVE[state] ?? [`this engine's Swarm is ${displayText(state)}`, 'Check docker info.'];
    return checked('swarm', state, [wrong(reason ? `${message}: ${displayText(reason)}` : message, fix)]);
  }
  if (isManager !== true) {
    return checked('swarm', 'a worker', [
      wrong(
        'this node is a worker: the engine requests secrets only on managers, and only they can check the Swarm',
        'Run the plugin, and this command, on the managers.',
      ),
    ]);
  }
  if (facts.swarm !== null && 'error' in facts.swarm) {
    return checked('swarm', 'a manager that does not respond', [
      wrong(
        `the Swarm cannot be checked: ${errorMessage(facts.swarm.error)}`,
        'During an election this takes up to half a minute. If it lasts longer, check whether most managers are up (docker node ls).',
      ),
    ]);
  }
  return checked('swarm', 'a manager of an active Swarm');
}

const NOT_ACTIVE: Readonly<Record<string, readonly [string, string]>> = {
  inactive: ['this engine is in no Swarm', 'Run docker swarm init, or docker swarm join with a manager token.'],
  locked: ['the Swarm of this engine is locked', 'Run docker swarm unlock on this node.'],
  pending: ['this engine is still joining its Swarm', 'Wait. If it lasts, check docker info.'],
  error: ['the Swarm of this engine is broken', 'Check docker info and the log of the engine.'],
};

function silent({ address, isDefault, error }: Extract<EngineFacts, { kind: 'silent' }>): Check {
  const code = codeOf(error);
  if (isDefault && code === 'ENOENT') {
    return skipped('engine', `there is no Docker here (${address}); to check the Swarm too, run this on a manager`);
  }
  return checked('engine', 'it does not respond', [wrong(errorMessage(error), FIXES[code] ?? OTHERWISE)]);
}

const OTHERWISE = 'Check DOCKER_HOST, and whether the engine runs (docker info).';
const FIXES: Readonly<Record<string, string>> = {
  ENOENT: 'The socket does not exist: correct DOCKER_HOST, or start the engine.',
  ECONNREFUSED: 'No process listens there: start the engine, or correct DOCKER_HOST.',
  EACCES: 'Run this as root, or as a member of the group docker.',
  EPERM: 'Run this as root, or as a member of the group docker.',
};

function codeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : '';
}
