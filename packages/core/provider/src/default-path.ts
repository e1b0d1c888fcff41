import { displayMessage, displayNames } from '@vault-swarm/kernel';
import type { ProviderError, ProviderErrorCode } from './provider-error.ts';
import type { Labels } from './secret-labels.ts';

/** Codes that mean that the ref may be wrong. */
const OF_THE_REF: ReadonlySet<ProviderErrorCode> = new Set(['NOT_FOUND', 'ACCESS_DENIED', 'INVALID_REF']);

/**
 * Why the default path of a secret is read, for its errors. Without it, an operator who misspelled the path's label, or
 * set the path as an option of the driver, sees only that another path was read.
 *
 * @param known the labels that the plugin reads. A name with a dot belongs to another program.
 */
export function defaultPathReason(labels: Labels, pathLabel: string, known: (label: string) => boolean): string {
  const ignored = Object.keys(labels).filter((label) => !known(label) && !label.includes('.'));
  const why =
    ignored.length === 0 ? 'an option of the driver does not count' : `the plugin ignores ${displayNames(ignored)}`;
  return `no label gives its path, so the default is read; set the label ${pathLabel} (${why})`;
}

/** The message of an error about a secret, after the reason why its default path is read, if that may be the cause. */
export function explainDefaultPath({ code, message }: ProviderError, reason: string | undefined): string {
  return reason !== undefined && OF_THE_REF.has(code) ? displayMessage(`${reason}: ${message}`) : message;
}
