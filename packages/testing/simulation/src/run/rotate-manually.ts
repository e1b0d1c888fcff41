import type { RotateRequest, Rotation } from '@vault-swarm/rotation';
import type { Run } from './run.ts';

/** A user asks a plugin for a manual rotation of these services. What it answers is compared with the truth. */
export function rotateManually(
  run: Run,
  plugin: Rotation,
  request: RotateRequest,
  serviceIds: readonly string[],
): void {
  const askedAtMs = run.timeMs;
  run.oracle.requested(serviceIds);
  plugin.rotate(request, { signal: new AbortController().signal }).then(
    (answer) => {
      run.say(`  asked for: ${JSON.stringify(answer)}`);
      run.oracle.requestAccepted(answer, serviceIds, askedAtMs);
    },
    (error) => run.say(`  refused: ${String(error)}`),
  );
}
