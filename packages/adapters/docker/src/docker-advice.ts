import { displayText } from '@vault-swarm/kernel';
import type { OrchestratorAdvice } from '@vault-swarm/provider';
import type { ManagerAdvice } from '@vault-swarm/rotation';

const ATTEMPTS = 'docker service ps --no-trunc {service}';

/** How operators act on problems of a Swarm. */
export const dockerAdvice: OrchestratorAdvice = {
  actions: {
    NOT_A_MANAGER: 'Run the plugin on the managers, or promote this node: docker node promote NODE',
    ORCHESTRATOR_UNAVAILABLE:
      'Check the engine of this node: docker info, journalctl -u docker. Until it answers, secrets are delivered, and nothing is rotated',
    ORCHESTRATOR_ACCESS_DENIED: 'Allow the request in the proxy before the Docker socket: see docs/reference/docker.md',
    RECONCILE_STALLED:
      'Check docker info, and the log of the plugin. Until then secrets are delivered, and nothing is rotated',
    SERVICE_FAILING: `Fix the cause. See each attempt: ${ATTEMPTS}`,
    SERVICE_DEGRADED: `Fix the cause. See each attempt: ${ATTEMPTS}`,
    ROTATION_BLOCKED: `Fix the cause; the rotation then continues. Running tasks keep their values. See ${ATTEMPTS}`,
  },
  replaceSecret: (secret, service) =>
    `docker service update --secret-rm ${secret} --secret-add source=NEW,target=${secret} ${service}`,
};

/** How operators act on the managers of a Swarm. */
export function managerAdvice(pluginName: string): ManagerAdvice {
  return {
    start: ({ name, announcement }) => {
      const node = displayText(name);
      switch (announcement?.kind) {
        case 'managed':
          return `On ${node}, run docker plugin enable ${displayText(pluginName)}`;
        case 'service':
          return `See why its task on ${node} does not run: docker service ps --no-trunc ${displayText(announcement.serviceId ?? '')}`;
        case 'process':
          return `Start the plugin on ${node}`;
        default:
          return `Install the plugin on ${node}: see docs/guides/install.md`;
      }
    },
    demote: ({ name }) => `docker node demote ${displayText(name)}`,
    allowAnnouncement:
      'Allow POST /nodes/ID/update in the proxy before the Docker socket: see docs/reference/docker.md',
  };
}
