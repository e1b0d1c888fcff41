import { displayText, quoted } from '@vault-swarm/kernel';
import {
  type Credential,
  Environment,
  ONE_LINE,
  type ReadFile,
  type TextForm,
  VISIBLE_ASCII,
} from '@vault-swarm/provider';

/** How the requests of a hook prove that they come from its sender. */
export const hookKinds = ['standard', 'github', 'bearer', 'eventgrid'] as const;

/** One of {@link hookKinds}. */
export type HookKind = (typeof hookKinds)[number];

/** A hook as `CONFIG_FILE` has it. */
export interface HookEntry {
  /** A part of the hook's path. */
  readonly name: string;
  /** The provider that is polled. */
  readonly provider: string;
  readonly kind: string;
  /** The path of the file with the secret. */
  readonly secretFile: string;
}

/** A configured hook. */
export interface HookConfig {
  readonly name: string;
  readonly provider: string;
  readonly kind: HookKind;
  /** The secret that the sender has too. Its file is read for each request. */
  readonly secret: Credential;
}

const WISE_SECRET_LENGTH = 16;

/** The secret of a sender or receiver of Standard Webhooks. The specification asks for 24 to 64 random bytes. */
export const STANDARD_SECRET: TextForm = {
  accepts: (text) => {
    const bytes = Buffer.from(text.replace(/^whsec_/, ''), 'base64').length;
    return /^(whsec_)?[A-Za-z0-9+/]+={0,2}$/.test(text) && bytes >= 24 && bytes <= 64;
  },
  requirement: 'must be 24 to 64 random bytes in base64 after whsec_, for example "whsec_$(openssl rand -base64 32)"',
};

const FORMS: Readonly<Record<HookKind, TextForm>> = {
  standard: STANDARD_SECRET,
  github: ONE_LINE,
  bearer: VISIBLE_ASCII,
  eventgrid: VISIBLE_ASCII,
};

/**
 * Reads the hooks of `CONFIG_FILE` and their secrets' files. Problems are reported to `environment`. A secret that can be
 * guessed is a warning.
 *
 * @param providers the names of the configured providers.
 */
export function parseHooks(
  environment: Environment,
  readFile: ReadFile,
  entries: readonly HookEntry[],
  providers: readonly string[],
): readonly HookConfig[] {
  return entries.flatMap(({ name, provider, kind: given, secretFile }): readonly HookConfig[] => {
    const where = `hooks.${displayText(name)}`;
    const report = (field: string, message: string) =>
      environment.report('CONFIG_FILE', `${where}.${field}: ${message}`);
    const kind = hookKinds.find((known) => known === given);
    if (kind === undefined) report('kind', `${quoted(given)} must be one of ${hookKinds.join(', ')}`);
    if (!providers.includes(provider)) {
      report('provider', `${quoted(provider)} must be a configured provider: ${providers.join(', ')}`);
    }
    const settings = new Environment({ SECRET_FILE: secretFile }, readFile, { credentialsOnlyInFiles: true });
    const secret = settings.credential('SECRET', kind === undefined ? undefined : FORMS[kind]);
    for (const { message } of settings.problems) report('secret_file', message);
    for (const file of settings.ownFiles) environment.addOwnFile({ ...file, variable: `${where}.secret_file` });
    if (kind === undefined || secret === undefined) return [];
    environment.addCredential({ variable: `${where}.secret_file`, credential: secret });
    if (secret.read().length < WISE_SECRET_LENGTH) {
      const advice = 'is short and can be guessed; create a longer one, for example with "openssl rand -base64 32"';
      environment.warn('short-token', 'CONFIG_FILE', `${where}.secret_file: ${advice}`);
    }
    return [{ name, provider, kind, secret }];
  });
}
