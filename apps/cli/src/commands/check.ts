import { withoutTag } from '@vault-swarm/docker/config';
import type { CheckResult, Overview } from '@vault-swarm/http/api';
import { displayText, mapConcurrently } from '@vault-swarm/kernel';
import { unknownLabels } from '../doctor/label-check.ts';
import { resembles } from '../doctor/plugin-name.ts';
import { EXIT, Failure } from '../failure.ts';
import type { PluginClient } from '../plugin/client.ts';
import type { Report } from '../report.ts';
import type { StackSecret } from '../stack-file.ts';
import type { Paper } from '../terminal/printer.ts';
import { count, names } from '../terminal/words.ts';

/** The plugin checks four secrets at the same time. Others may ask it too. */
const AT_ONCE = 2;

/** One secret to check, for one service that would use it. */
export interface SecretToCheck {
  readonly name: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly service: string | undefined;
  readonly stack: string | undefined;
}

interface Checked extends SecretToCheck {
  readonly result: CheckResult;
  /** What looks like a mistake and is no error of the plugin. */
  readonly hints: readonly string[];
}

/**
 * The labels of the command line.
 * @throws {Failure} `WRONG_USE` if there are none, or one is not `LABEL=VALUE`.
 */
export function labelsFrom(given: readonly string[]): Readonly<Record<string, string>> {
  if (given.length === 0) {
    throw new Failure('WRONG_USE', 'nothing is named', 'Give LABEL=VALUE …, or --file STACK.yml.');
  }
  return Object.fromEntries(
    given.map((entry) => {
      const end = entry.indexOf('=');
      if (end > 0) return [entry.slice(0, end), entry.slice(end + 1)];
      const example = 'vault_path=app/db';
      throw new Failure('WRONG_USE', `${displayText(entry)} is not LABEL=VALUE`, `Labels are given as ${example}.`);
    }),
  );
}

/** Checks secrets through the running plugin, with its credentials. Nothing is created, and no value is shown. */
export async function check(client: PluginClient, secrets: readonly SecretToCheck[]): Promise<Report> {
  const { document: overview } = await client.overview();
  return report(await checkEach(client, overview, secrets), [], overview);
}

/** Checks the secrets of a stack file, each for every service that uses it. */
export async function checkStack(
  client: PluginClient,
  { stack, secrets }: { readonly stack: string; readonly secrets: readonly StackSecret[] },
): Promise<Report> {
  const { document: overview } = await client.overview();
  const { name } = overview.plugin;
  const ours = secrets.filter(({ driver }) => withoutTag(driver) === withoutTag(name));
  const wrongs = [
    ...secrets
      .filter(({ driver }) => resembles(driver, name))
      .map(
        (secret) =>
          `${displayText(secret.name)}: its driver is ${displayText(secret.driver)}, and the plugin is ${name}`,
      ),
    ...ours
      .filter(({ hasDriverOptions }) => hasDriverOptions)
      .map((secret) => `${displayText(secret.name)}: driver_opts are not passed to a driver; use labels`),
  ];
  if (ours.length === 0 && wrongs.length === 0) {
    throw new Failure('NOT_FOUND', `no secret of the file has the driver ${name}`, `Give secrets driver: ${name}.`);
  }
  const each = ours.flatMap(({ services, ...secret }) =>
    (services.length === 0 ? [undefined] : services).map((service) => ({
      ...{ name: secret.name, labels: secret.labels, service, stack },
    })),
  );
  return report(await checkEach(client, overview, each), wrongs, overview);
}

async function checkEach(
  client: PluginClient,
  overview: Overview,
  secrets: readonly SecretToCheck[],
): Promise<readonly Checked[]> {
  const results: Checked[] = [];
  await mapConcurrently([...secrets.entries()], AT_ONCE, async ([index, secret]) => {
    const { name, ...others } = secret;
    const { document } = await client.check({ ...others, ...(name === undefined ? {} : { secret: name }) });
    results[index] = { ...secret, result: document, hints: unknownLabels(secret.labels, overview.providers) };
  });
  return results;
}

function report(checked: readonly Checked[], wrongs: readonly string[], overview: Overview): Report {
  const isWell = wrongs.length === 0 && checked.every((each) => isRight(each));
  return {
    exitCode: isWell ? EXIT.well : EXIT.wrong,
    document: {
      secrets: checked.map(({ name, service, stack, hints, result }) => ({
        ...{ secret: name ?? null, service: service ?? null, stack: stack ?? null, hints: [...hints] },
        ...result,
      })),
      wrong: [...wrongs],
    },
    show: (paper) => {
      const bad = wrongs.length + checked.filter((each) => !isRight(each)).length;
      if (bad === 0) paper.say(`${count(checked.length, 'check')}, no problem.`, 'good');
      else paper.say(`${count(bad, 'problem')} in ${count(checked.length, 'check')}:`, 'bad');
      for (const wrong of wrongs) paper.item('  ', wrong, 'bad');
      for (const each of checked) show(paper, each);
      if (overview.access === 'view') {
        paper.gap();
        paper.say(
          'Your token has read access, so the provider was not asked. Use the full token to check values.',
          'warn',
        );
      }
    },
  };
}

function isRight({ result, hints }: Checked): boolean {
  return result.problem === null && hints.length === 0;
}

function show(paper: Paper, each: Checked): void {
  const { name, service, result, hints } = each;
  const { problem, fields, revision_name: revision, source } = result;
  const who = [name, service === undefined ? undefined : `for ${service}`].filter((part) => part !== undefined);
  paper.gap();
  if (who.length > 0) paper.say(`${who.join(' ')}:`, isRight(each) ? 'good' : 'bad');
  const line = (label: string, text: string) => paper.item(`  ${label.padEnd(12)}`, text);
  if (problem !== null) paper.item('  WRONG       ', `${problem.message} (${problem.code})`, 'bad');
  for (const hint of hints) paper.item('  WRONG       ', hint, 'bad');
  if (result.reported_denial !== null) paper.item('  hint        ', result.reported_denial, 'warn');
  if (result.ref !== null) line('Value from', result.ref);
  if (source === 'issues') line('Issues', 'a credential for each generation of the service; none was issued now');
  if (revision !== null) line('Revision', revision);
  if (fields !== null) line('Fields', fields.length === 0 ? 'none' : names(fields));
  if (result.rotate !== null) {
    line('Rotate', `${result.pinned ? 'never: it is pinned' : result.rotate}; encoding ${result.encoding}`);
  }
}
