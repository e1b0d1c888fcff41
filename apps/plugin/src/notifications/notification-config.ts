import { isLoopbackAddress, STANDARD_SECRET } from '@vault-swarm/http/config';
import { displayText, quoted } from '@vault-swarm/kernel';
import { type Credential, Environment, type ProductEvent, type ReadFile } from '@vault-swarm/provider';

/** The events that can be sent. */
export const notifiable = [
  'rollout.failed',
  'rollout.completed',
  'quarantine.started',
  'quarantine.ended',
  'rollback.completed',
  'provider.failed',
  'provider.recovered',
  'access.denied',
] as const satisfies readonly ProductEvent['type'][];

/** An event that can be sent. */
type Notifiable = (typeof notifiable)[number];

/** A receiver as `CONFIG_FILE` has it. */
export interface NotificationEntry {
  readonly name: string;
  readonly url: string;
  /** The path of the file with the secret. */
  readonly secretFile: string;
  readonly events: readonly string[];
}

/** A configured receiver. */
export interface NotificationConfig {
  readonly name: string;
  readonly url: string;
  /** Signs the messages. Its file is read for each of them. */
  readonly secret: Credential;
  readonly events: readonly Notifiable[];
}

/** Reads the receivers of `CONFIG_FILE` and their secrets' files. Problems are reported to `environment`. */
export function parseNotifications(
  environment: Environment,
  readFile: ReadFile,
  entries: readonly NotificationEntry[],
): readonly NotificationConfig[] {
  return entries.flatMap(({ name, url: given, secretFile, events }): readonly NotificationConfig[] => {
    const where = `notifications.${displayText(name)}`;
    const report = (field: string, message: string) =>
      environment.report('CONFIG_FILE', `${where}.${field}: ${message}`);
    const settings = new Environment({ URL: given, SECRET_FILE: secretFile }, readFile, {
      credentialsOnlyInFiles: true,
    });
    const url = settings.url('URL', '');
    const secret = settings.credential('SECRET', STANDARD_SECRET);
    for (const { variable, message } of settings.problems) report(variable === 'URL' ? 'url' : 'secret_file', message);
    for (const file of settings.ownFiles) environment.addOwnFile({ ...file, variable: `${where}.secret_file` });
    const known = events.flatMap((type) => notifiable.find((each) => each === type) ?? []);
    if (known.length < events.length || events.length === 0) {
      const unknown = events.filter((type) => !notifiable.some((each) => each === type)).map(displayText);
      report('events', `${quoted(unknown.join(', '))} must be some of ${notifiable.join(', ')}`);
    }
    if (url.startsWith('http:') && !isLoopbackAddress(URL.parse(url)?.hostname.replace(/^\[(.*)\]$/, '$1') ?? '')) {
      const message = 'is plain http: names of secrets and services are sent in the clear; use https';
      environment.warn('plain-http', 'CONFIG_FILE', `${where}.url: ${message}`);
    }
    if (secret === undefined || url === '') return [];
    environment.addCredential({ variable: `${where}.secret_file`, credential: secret });
    return [{ name, url, secret, events: known }];
  });
}
