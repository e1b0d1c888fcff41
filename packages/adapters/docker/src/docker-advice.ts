import type { OrchestratorAdvice } from '@vault-swarm/provider';

const ATTEMPTS = 'docker service ps --no-trunc {service}';

/** How operators act on problems of a Swarm. */
export const dockerAdvice: OrchestratorAdvice = {
  actions: {
    NOT_A_MANAGER: 'Run the plugin on the managers, or promote this node: docker node promote NODE',
    ORCHESTRATOR_UNAVAILABLE:
      'Secrets are still delivered, but nothing is rotated. Check the engine of this node: docker info, journalctl -u docker',
    ORCHESTRATOR_ACCESS_DENIED: 'Allow the request in the proxy before the Docker socket: see docs/reference/docker.md',
    RECONCILE_STALLED:
      'Secrets are still delivered, but nothing is rotated. Check docker info, and the log of the plugin',
    SERVICE_FAILING: `Fix the cause. See each attempt: ${ATTEMPTS}`,
    SERVICE_DEGRADED: `Fix the cause. See each attempt: ${ATTEMPTS}`,
    ROTATION_BLOCKED: `Running tasks keep their values. Fix the cause; the rotation then continues. See ${ATTEMPTS}`,
  },
  replaceSecret: (secret, service) =>
    `docker service update --secret-rm ${secret} --secret-add source=NEW,target=${secret} ${service}`,
};
