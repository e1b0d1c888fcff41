import type { Overview } from '@vault-swarm/http/api';
import { visible } from '../format.ts';
import { Ago, Name } from './text.tsx';

type Manager = Overview['managers'][number];

const WORDS: Readonly<Record<Manager['state'], string>> = {
  running: 'runs',
  announced: 'announced',
  stopped: 'stopped',
  unresponsive: 'unresponsive',
  missing: 'no plugin',
  unreachable: 'unreachable',
};

const TONES: Readonly<Record<Manager['state'], string>> = {
  running: 'good',
  announced: 'good',
  stopped: 'bad',
  unresponsive: 'bad',
  missing: 'bad',
  unreachable: 'plain',
};

/** The managers of the Swarm and the plugin of each. A Swarm with one manager shows nothing that is not said elsewhere. */
export function Managers({ overview: { managers } }: { readonly overview: Overview }) {
  if (managers.length < 2) return null;
  return (
    <section class="panel managers" aria-labelledby="managers-title">
      <h2 id="managers-title">Managers</h2>
      <ul>
        {managers.map((manager) => (
          <li key={manager.id} title={`${visible(manager.name)} ${visible(manager.message)}`}>
            <span class="manager-name">
              <Name>{manager.name}</Name>
              <small class="soft">
                {manager.role}
                {manager.is_self && ', this one'}
              </small>
            </span>
            <span class="manager-plugin">
              <span class={`tag ${TONES[manager.state]}`}>{WORDS[manager.state]}</span>
              {manager.plugin_version !== null && (
                <small class="soft">
                  {visible(manager.plugin_version)}, started <Ago time={manager.started_at} never="" />
                </small>
              )}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The name of the manager that leads; `null` if it is not known. */
export function leaderOf({ managers }: Pick<Overview, 'managers'>): string | null {
  return managers.find(({ role }) => role === 'leader')?.name ?? null;
}
