// Two services of worker processes read an API key when they start. The key is changed; @vault-swarm/rotation notices it
// and lets the pool replace the workers, one by one, until every one has the new key. Exit code 0, or 1 after 30 s.
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, type Digest, EventBus } from '@vault-swarm/kernel';
import { LabelReader, type ProductEvent } from '@vault-swarm/provider';
import { Rotation } from '@vault-swarm/rotation';
import { fingerprint } from './fingerprint.ts';
import { KeyFile } from './key-file.ts';
import { KeyServer } from './key-server.ts';
import { LedgerDirectory } from './ledger-directory.ts';
import { ProcessPool } from './process-pool.ts';
import { Timeline } from './timeline.ts';

const DEADLINE_MS = 30_000;
const SERVICES = { web: 3, mailer: 2 };

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
const digest: Digest = {
  digest: (key, bytes) => createHmac('sha256', key).update(bytes).digest('base64url').slice(0, 22),
  generateKey: () => randomBytes(32).toString('base64url'),
};

const directory = await mkdtemp(join(tmpdir(), 'process-pool-'));
const timeline = new Timeline();
const events = new EventBus<ProductEvent>(clock);
const keys = new KeyFile(join(directory, 'keys.json'));
const labels = new LabelReader([{ name: keys.name, scheme: keys.labels }]);
const keyServer = new KeyServer(keys, labels);
const pool = new ProcessPool((asked) => keyServer.give(asked), timeline.write);
const ledger = new LedgerDirectory(join(directory, 'ledger'));

const rotation = new Rotation(
  {
    enabled: true,
    intervalMs: 500,
    policy: { maxParallel: 2, maxParallelLimit: 10, stuckAfterMs: 60_000, onFailure: 'rollback' },
    digestKey: null,
  },
  {
    orchestrator: pool, // what runs, and how it is started again
    changes: pool, // hints to look sooner
    leadership: { role: async () => 'leader' }, // this process is the only one
    ledger, // what outlives this process
    labels, // where a secret's value is
    providers: [keys.name],
    findProvider: async () => keys, // reads values, and tells cheaply whether they may have changed
    values: keyServer, // keeps the values that workers may still be given
    digest,
    clock,
    random: { next: () => Math.random() },
    events,
  },
);
keyServer.attach(rotation);

events.subscribe(timeline.tell);
const isRecorded = () => rotation.status().secrets.some(({ revision }) => revision !== null);
const isAtRest = () => rotation.status().services.every(({ rollout }) => rollout === null);
const allHave = (key: string) => pool.keysInUse().every((inUse) => inUse === fingerprint(key));

try {
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  await keys.write('api-key', 'the first key');
  rotation.start();
  pool.start(SERVICES, 'api-key');
  await until(() => isRecorded() && allHave('the first key'), deadline);

  timeline.write('the API key is changed');
  await keys.write('api-key', 'the second key');
  await until(() => isAtRest() && allHave('the second key'), deadline);
  timeline.write(`all ${pool.keysInUse().length} workers have the new key`);
} catch (error) {
  timeline.write(`gave up: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  await rotation.stop();
  await pool.stop();
  await rm(directory, { recursive: true });
}

/** Resolves once the condition holds; it is checked whenever something happened. Rejects at the deadline. */
function until(condition: () => boolean, deadline: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (!condition() && !deadline.aborted) return;
      for (const unsubscribe of subscriptions) unsubscribe();
      if (condition()) resolve();
      else reject(deadline.reason);
    };
    const subscriptions = [pool.onChange(look), events.subscribe(look)];
    deadline.addEventListener('abort', look, { once: true });
    look();
  });
}
