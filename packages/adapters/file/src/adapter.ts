import { type Clock, mapConcurrently } from '@vault-swarm/kernel';
import {
  type CallOptions,
  describeRef,
  type Events,
  type OwnFile,
  type ProbeResult,
  ProviderError,
  type ProviderInstance,
  refKey,
  reportRequest,
  type SecretRef,
  type SecretRevision,
  selectValue,
} from '@vault-swarm/provider';
import { SecretsDirectory } from './client.ts';
import type { FileConfig } from './config.ts';
import { DirectoryWatch } from './directory-watch.ts';
import { filePayload, hasFields } from './file-payload.ts';
import { relativePathProblem } from './relative-path.ts';

/** How many files one probe opens at the same time. */
const PROBE_PARALLEL = 16;

/** What the adapter needs from outside. */
export interface FileProviderOptions {
  /** The instance's name in labels and configuration. */
  readonly name: string;
  readonly clock: Clock;
  /** A keyed digest of a file's content: its revision. */
  digest(bytes: Uint8Array): string;
  /** Receives an event for each file that is read or checked. */
  readonly events: Events;
  /** Files that are never delivered, whether reached by name, hard link or bind mount. The default is none. */
  readonly ownFiles?: readonly OwnFile[];
}

/** Creates the `file` provider. It reads nothing before the first call. */
export function createFileProvider(config: FileConfig, options: FileProviderOptions): ProviderInstance {
  const { name, clock, digest, events, ownFiles = [] } = options;
  const directory = new SecretsDirectory(name, config.directory, { clock, ownFiles });
  const hints = new DirectoryWatch(config.directory, clock, events);
  const closing = new AbortController();

  async function read(ref: SecretRef, signal: AbortSignal): Promise<SecretRevision> {
    const path = pathOf(ref);
    const use = ref.encoding === 'base64' || hasFields(path) ? 'parsed' : 'value';
    const bytes = await reportRequest(options, 'read', () => directory.read(path, use, signal));
    try {
      const payload = await filePayload(path, bytes, describeRef(ref));
      return { value: selectValue(payload, ref), revision: digest(bytes) };
    } finally {
      bytes.fill(0);
    }
  }

  async function probe(refs: readonly SecretRef[], signal: AbortSignal): Promise<ReadonlyMap<string, ProbeResult>> {
    hints.refresh();
    const results = new Map<string, ProbeResult>();
    await mapConcurrently(refs, PROBE_PARALLEL, async (ref) => results.set(refKey(ref), await probeOne(ref, signal)));
    return results;
  }

  const probed = (path: string, signal: AbortSignal) =>
    reportRequest(options, 'probe', () => directory.marker(path, signal));

  async function probeOne(ref: SecretRef, signal: AbortSignal): Promise<ProbeResult> {
    try {
      return { kind: 'marker', marker: await probed(pathOf(ref), signal) };
    } catch (error) {
      signal.throwIfAborted();
      return { kind: 'failed', error: ProviderError.from(error, `${describeRef(ref)}: it can't be checked`) };
    }
  }

  /** Runs `work` until the caller's signal or the instance is aborted, even if the file system hangs. */
  function cutOff<T>({ signal }: CallOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return untilAborted(name, AbortSignal.any([signal, closing.signal]), work);
  }

  return {
    name,
    secrets: { read: (ref, call) => cutOff(call, (signal) => read(ref, signal)) },
    probe: { probe: (refs, call) => cutOff(call, (signal) => probe(refs, signal)) },
    hints,
    revisions: null,
    order: null,
    leases: null,
    holders: null,
    async close() {
      closing.abort(new Error(`the provider ${name} was closed`));
      hints.close();
    },
  };
}

/** The path of a ref. It is checked again, because a ref need not come from labels. */
function pathOf(ref: SecretRef): string {
  const { path } = ref.location;
  const problem =
    path === undefined ? 'has no path' : ref.pin !== undefined ? 'has no versions to pin' : relativePathProblem(path);
  if (path === undefined || problem !== null) throw new ProviderError('INVALID_REF', `${describeRef(ref)}: ${problem}`);
  return path;
}

/** Resolves with the result of `work`. Rejects as soon as `signal` is aborted; `work` then stops at its next step. */
function untilAborted<T>(name: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () =>
      reject(new ProviderError('UNAVAILABLE', `${name}: the request was aborted`, { cause: signal.reason }));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work(signal)
      .then(resolve, (error) => reject(ProviderError.from(error, `${name}: the request failed`)))
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}
