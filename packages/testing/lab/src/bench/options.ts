import { parseArgs } from 'node:util';
import { OWN_LABELS, parseLabelTemplate } from './label-template.ts';
import { fullScale, quickScale, type Scale } from './scale.ts';
import type { PeerOptions } from './subject.ts';

/** What the command was asked for. */
export interface BenchOptions {
  /** Of cases; empty: those that are run by default. */
  readonly names: readonly string[];
  readonly latenciesMs: readonly number[];
  /** A file's path, `-` for stdout, or undefined for none. */
  readonly json: string | undefined;
  readonly scale: Scale;
  readonly peer: PeerOptions | undefined;
}

/** A command that is not understood; the message says what to write. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const USAGE = 'usage: npm run bench -- [NAME…] [--latency MS[,MS…]] [--json FILE|-] [--quick]';
const LONGEST_LATENCY_MS = 10_000;

/**
 * Reads the command's arguments, and the peer from the environment.
 * @throws {UsageError} for all that is not understood.
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
    if (/^\d+$/.test(text) && latencyMs <= LONGEST_LATENCY_MS) return latencyMs;
    throw new UsageError(`--latency ${values.latency}: it must be whole milliseconds up to ${LONGEST_LATENCY_MS}`);
  });
  return {
    names,
    latenciesMs,
    json: values.json,
    scale: values.quick ? quickScale : fullScale,
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
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

function parsePeer(env: Readonly<Record<string, string | undefined>>): PeerOptions | undefined {
  const { PEER_CMD: command, PEER_SOCKET: socketPath, PEER_LABELS: labels } = env;
  if (!command) {
    if (socketPath || labels) throw new UsageError('PEER_CMD is missing: the command that starts the other plugin');
    return undefined;
  }
  if (!socketPath) throw new UsageError('PEER_CMD needs PEER_SOCKET, the socket of the plugin that it starts');
  try {
    return { command, socketPath, labels: parseLabelTemplate(labels || OWN_LABELS) };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
