import { parseArgs } from 'node:util';
import { errorMessage } from '@vault-swarm/kernel';
import type { PeerOptions } from './peer.ts';
import { parseBase, parsePeer } from './peer-options.ts';
import { fullScale, quickScale, type Scale } from './scale.ts';
import { UsageError } from './usage-error.ts';

/** The options of the command. */
export interface BenchOptions {
  /** The names of cases; if empty, the default cases. */
  readonly names: readonly string[];
  readonly latenciesMs: readonly number[];
  /** A file's path, `-` for stdout, or undefined for none. */
  readonly json: string | undefined;
  readonly scale: Scale;
  readonly peer: PeerOptions | undefined;
  /** The launcher of the previous version. */
  readonly base: string | undefined;
}

const USAGE = 'usage: npm run bench -- [NAME…] [--latency MS[,MS…]] [--json FILE|-] [--quick]';
const MAX_LATENCY_MS = 10_000;

/**
 * Parses the command's arguments, and the peer from the environment.
 * @throws {UsageError} for invalid arguments.
 */
export function parseOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  known: readonly string[],
): BenchOptions {
  const { values, positionals: names } = parse(args);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new UsageError(`no case ${unknown.join(', ')}; there are ${known.join(', ')}`);
  const latenciesMs = values.latency.split(',').map((text) => {
    const latencyMs = Number(text);
    if (/^\d+$/.test(text) && latencyMs <= MAX_LATENCY_MS) return latencyMs;
    throw new UsageError(`--latency ${values.latency}: it must be whole milliseconds up to ${MAX_LATENCY_MS}`);
  });
  return {
    names,
    latenciesMs,
    json: values.json,
    scale: values.quick ? quickScale : fullScale,
    base: parseBase(env),
    peer: parsePeer(env),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        latency: { type: 'string', default: '10' },
        json: { type: 'string' },
        quick: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(`${errorMessage(error)}\n${USAGE}`);
  }
}
