import { type Severity, severities } from '@vault-swarm/kernel';
import type { Environment } from '@vault-swarm/provider';

/** The log level and format. */
export interface LoggingConfig {
  /** Less severe events are not logged. */
  readonly level: Severity;
  readonly format: 'json' | 'text';
}

/** Reads `LOG_LEVEL` and `LOG_FORMAT`. Problems are reported to `environment`. */
export function parseLoggingConfig(environment: Environment): LoggingConfig {
  return {
    level: environment.oneOf('LOG_LEVEL', severities, 'info'),
    format: environment.oneOf('LOG_FORMAT', ['json', 'text'], 'json'),
  };
}
