import { withoutTag } from '@vault-swarm/docker/config';
import type { EngineFacts, ManagedPlugin } from './engine.ts';
import { type Check, checked, hint, skipped, wrong } from './finding.ts';
import { checkManagedSettings } from './managed-settings.ts';
import type { SocketAnswer } from './plugin-socket.ts';

/** The longest path that a socket can have: the kernel's field has 108 bytes, and ends with a zero. */
const MAX_PATH = 107;
const DIRECTORY = '/run/docker/plugins';

/** How a socket is asked who it is. */
export type AskSocket = (path: string) => Promise<SocketAnswer>;

/**
 * Whether the engine finds the plugin: as a managed plugin, or by a socket where it looks for one.
 *
 * @param configured the socket that the environment names; `null` where it names none.
 */
export async function checkSocket(
  facts: EngineFacts,
  pluginName: string,
  configured: string | null,
  ask: AskSocket,
): Promise<Check> {
  if (facts.kind !== 'answered') return skipped('socket', 'no engine was reached');
  const name = withoutTag(pluginName);
  const managed = facts.managed.find((plugin) => withoutTag(plugin.Name ?? '') === name);
  if (managed !== undefined) return checkManaged(managed);
  if (!facts.isLocal)
    return skipped('socket', `no managed plugin ${name}, and the engine's sockets are on another machine`);
  const paths = [`${DIRECTORY}/${name}.sock`, `${DIRECTORY}/${name}/${name}.sock`];
  for (const path of paths) {
    const answer = await ask(path);
    if (answer.kind !== 'missing') return describeSocket(path, answer);
  }
  const length = Buffer.byteLength(paths[0] ?? '');
  if (length > MAX_PATH) {
    return checked('socket', 'too long', [
      wrong(
        `the path ${paths[0]} has ${length} bytes; a socket path can have at most ${MAX_PATH}`,
        'Set a shorter PLUGIN_NAME.',
      ),
    ]);
  }
  const specified = configured === null || paths.includes(configured) ? null : await ask(configured);
  return checked('socket', 'not found', [
    specified?.kind === 'answers'
      ? wrong(
          `the plugin's socket is ${configured}, where the engine does not look for ${name}`,
          `Remove PLUGIN_SOCKET (it is then ${paths[0]}), or write unix://${configured} into /etc/docker/plugins/${name}.spec.`,
        )
      : wrong(
          `the engine finds no plugin ${name}: neither ${paths.join(' nor ')} exists, and it is not a managed plugin`,
          `Start the plugin on this node with PLUGIN_NAME=${name}; in a container it needs ${DIRECTORY} mounted.`,
        ),
  ]);
}

async function checkManaged(managed: ManagedPlugin): Promise<Check> {
  const { Id: id = '', Name: name = '', Enabled: isEnabled, Config: config } = managed;
  const { Socket: socket = '', Types: types } = config?.Interface ?? {};
  const path = `${DIRECTORY}/${id}/${socket}`;
  const length = Buffer.byteLength(path);
  return checked('socket', `the managed plugin ${name}`, [
    ...(await checkManagedSettings(managed)),
    ...(isEnabled === true
      ? []
      : [
          wrong(
            `the managed plugin ${name} is disabled`,
            `Run docker plugin enable ${name}. If that fails, the end of the engine's log says why (journalctl -u docker).`,
          ),
        ]),
    ...(types?.some((type) => type.includes('secretprovider'))
      ? []
      : [
          wrong(
            `the managed plugin ${name} is not a secret driver`,
            'Set another PLUGIN_NAME for this plugin, or remove the other one.',
          ),
        ]),
    ...(length > MAX_PATH
      ? [
          wrong(
            `the path of its socket, ${path}, has ${length} bytes; Docker 20.10 supports at most ${MAX_PATH}`,
            'Create the plugin with a shorter interface.socket in its config.json, such as plugin.sock.',
          ),
        ]
      : []),
  ]);
}

function describeSocket(path: string, answer: Exclude<SocketAnswer, { kind: 'missing' }>): Check {
  switch (answer.kind) {
    case 'answers':
      return answer.roles.includes('secretprovider')
        ? checked('socket', `the plugin responds at ${path}`)
        : checked('socket', path, [
            wrong(
              `the process that responds at ${path} is not a secret driver`,
              'Set another PLUGIN_NAME for this plugin, or stop the other one.',
            ),
          ]);
    case 'refused':
      return checked('socket', path, [
        wrong(
          `no process listens at ${path}: the process that created it has exited`,
          'Start the plugin: it replaces the socket.',
        ),
      ]);
    case 'denied':
      return checked('socket', path, [hint(`this user cannot open ${path}`, 'To check it, run this as root.')]);
    case 'failed':
      return checked('socket', path, [
        wrong(
          `the process at ${path} does not respond like a plugin: ${answer.reason}`,
          'Check whether it is this plugin and whether it hangs. Then restart it.',
        ),
      ]);
  }
}
