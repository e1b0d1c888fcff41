import { displayText, quoted } from '@vault-swarm/kernel';
import { type NotificationEntry, notifiable } from './notifications/notification-config.ts';
import { PROVIDER_NAME } from './provider-name.ts';

/** Each receiver has a queue. */
const MAX_RECEIVERS = 20;

const FIELDS = ['name', 'url', 'secret_file', 'events'] as const;

/** The JSON schema of `notifications`. */
export const notificationsSchema = {
  type: 'array',
  maxItems: MAX_RECEIVERS,
  description: 'Receivers of signed messages (Standard Webhooks) about events.',
  items: {
    type: 'object',
    required: FIELDS,
    additionalProperties: false,
    properties: {
      name: { type: 'string', pattern: PROVIDER_NAME.source, description: 'For events and metrics.' },
      url: { type: 'string', description: 'The address that receives the messages. Redirects are not followed.' },
      secret_file: {
        type: 'string',
        description: 'The file with the secret that signs. It is read again after a change.',
      },
      events: { type: 'array', minItems: 1, items: { enum: notifiable }, description: 'The events that are sent.' },
    },
  },
};

/** Reads the `notifications` of the file. Entries with a problem are left out. */
export function notificationsOf(
  given: unknown,
  report: (where: string, message: string) => void,
): readonly NotificationEntry[] {
  if (given === undefined) return [];
  if (!Array.isArray(given) || given.length > MAX_RECEIVERS) {
    report('notifications', `must be a list of at most ${MAX_RECEIVERS} receivers, each with ${FIELDS.join(', ')}`);
    return [];
  }
  const names = new Set<string>();
  return given.flatMap((entry: unknown, index): readonly NotificationEntry[] => {
    const at = `notifications[${index}]`;
    const { name, url, secret_file: secretFile, events, ...others } = fieldsOf(entry);
    const isText = (value: unknown): value is string => typeof value === 'string';
    if (!isText(name) || !isText(url) || !isText(secretFile) || !Array.isArray(events) || !events.every(isText)) {
      report(at, `must have ${FIELDS.join(', ')}, and nothing else; events is a list`);
      return [];
    }
    for (const field of Object.keys(others)) {
      report(`${at}.${displayText(field)}`, `is not known; there are ${FIELDS.join(', ')}`);
    }
    if (!PROVIDER_NAME.test(name) || names.has(name)) {
      const allowed = 'must be up to 64 of a–z, 0–9, "-", "_" and ".", and the name of no other receiver';
      report(`${at}.name`, `${quoted(name)} ${allowed}`);
    }
    names.add(name);
    return [{ name, url, secretFile, events }];
  });
}

function fieldsOf(entry: unknown): Readonly<Record<string, unknown>> {
  return typeof entry === 'object' && entry !== null ? (entry as Readonly<Record<string, unknown>>) : {};
}
