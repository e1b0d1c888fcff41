import { type Severity, severities } from '@vault-swarm/metrics';
import type { Environment } from '@vault-swarm/provider';

/** How much is logged, and how it looks. */
export interface LoggingConfig {
  /** Events that matter less are left out. */
  readonly level: Severity;
  readonly format: 'json' | 'text';
}

/** Reads `LOG_LEVEL` and `LOG_FORMAT`; what is wrong with them is reported to `environment`. */
export function parseLoggingConfig(environment: Environment): LoggingConfig {
  return {
    level: environment.oneOf('LOG_LEVEL', severities, 'info'),
    format: environment.oneOf('LOG_FORMAT', ['json', 'text'], 'json'),
  };
}
